import Glibc
import UringBase
import UringRecordings

/// The location of the configuration file: a base folder, folders below it that may be missing, and
/// a name.
struct ConfigurationPlace: Hashable, Sendable {
  /// Path of the base folder, in which links are followed; empty for the working directory.
  var base: String
  /// Folders below ``base``, each inside the previous one; created when the file is first written.
  var folders: [String]
  var name: String

  /// `$XDG_CONFIG_HOME/uringtop/config.toml`, or the same path in `~/.config`; nil without a home.
  ///
  /// The home is taken from the environment. A look-up in the user database needs libraries that a
  /// static binary does not have.
  init?(environment: (String) -> String?) {
    // A relative path is ignored, as the XDG specification requires.
    if let base = environment("XDG_CONFIG_HOME"), base.hasPrefix("/") {
      (self.base, folders) = (base, ["uringtop"])
    } else if let home = environment("HOME"), home.hasPrefix("/") {
      (base, folders) = (home, [".config", "uringtop"])
    } else {
      return nil
    }
    name = "config.toml"
  }

  /// The location according to the environment of this process.
  static var ofUser: ConfigurationPlace? {
    ConfigurationPlace(environment: { getenv($0).map { String(cString: $0) } })
  }

  init(path: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    base = slash.map { String(path[...$0]) } ?? ""
    folders = []
    name = slash.map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// Opens the file's folder.
  ///
  /// - Parameters:
  ///   - owner: the user who called sudo. If set, no link below ``base`` is followed, and new
  ///     folders inside this user's folders belong to this user.
  ///   - makesFolders: true to create missing folders.
  /// - Returns: nil if the folder cannot be opened; `errno` has the reason.
  func openFolder(owner: OutputFile.Owner?, makesFolders: Bool = false) -> OpenFolder? {
    guard var folder = OpenFolder(AT_FDCWD, base.isEmpty ? "." : base, followsLinks: true) else {
      return nil
    }
    for name in folders {
      if makesFolders, mkdirat(folder.descriptor, name, 0o700) == 0, let owner,
        folder.belongs(to: owner)
      {
        fchownat(folder.descriptor, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW)
      }
      guard let next = OpenFolder(folder.descriptor, name, followsLinks: owner == nil) else {
        return nil
      }
      folder = next
    }
    return folder
  }
}

/// The descriptor of a folder, closed when the object is released.
final class OpenFolder: Sendable {
  let descriptor: Int32

  init?(_ parent: Int32, _ name: String, followsLinks: Bool) {
    let flags = OpenFlags.path | O_DIRECTORY | O_CLOEXEC | (followsLinks ? 0 : O_NOFOLLOW)
    descriptor = openat(parent, name, flags)
    guard descriptor >= 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func belongs(to owner: OutputFile.Owner) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_uid == owner.uid
  }

  /// The status of a file in the folder; nil if there is none with this name.
  func status(of name: String) -> stat? {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
  }
}
