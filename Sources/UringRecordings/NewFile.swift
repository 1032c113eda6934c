import Glibc
import Synchronization
import SystemPackage
import UringBase

/// A new file that has no name until it is published. Publishing replaces an existing file of that
/// name.
///
/// A symbolic link of that name is replaced, never followed. An unpublished file disappears when it
/// is closed, even if the process is killed. If the file system lacks O_TMPFILE, or /proc is not
/// mounted, the unpublished file has a temporary name in the same folder. Such a file remains if
/// the process is killed.
final class NewFile: Sendable {
  let descriptor: Int32
  private let folder: Int32
  private let name: String
  private let stage: Mutex<Stage>

  private enum Stage {
    case unnamed
    /// The file has a temporary name.
    case named(String)
    case published
  }

  /// - Parameters:
  ///   - folder: descriptor of an open folder. The file owns it from now on.
  ///   - owner: the new owner of the file; nil leaves it to the user who runs uringtop.
  ///   - isNamed: true for a temporary name even where O_TMPFILE works.
  init(
    folder: Int32, name: String, owner: OutputFile.Owner?, isNamed: Bool = false
  ) throws(SystemPackage.Errno) {
    var stage = Stage.unnamed
    var descriptor: Int32 = -1
    if !isNamed {
      descriptor = openat(folder, ".", OpenFlags.unnamed | O_WRONLY | O_CLOEXEC, 0o600)
    }
    if descriptor >= 0, access(Self.link(to: descriptor), F_OK) != 0 {
      close(descriptor)
      descriptor = -1
    }
    if descriptor < 0 {
      let temporary = Self.temporaryName()
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      descriptor = openat(folder, temporary, flags, 0o600)
      stage = .named(temporary)
    }
    guard descriptor >= 0 else {
      let error = SystemPackage.Errno(rawValue: errno)
      close(folder)
      throw error
    }
    if let owner { _ = fchown(descriptor, owner.uid, owner.gid) }
    self.descriptor = descriptor
    self.folder = folder
    self.name = name
    self.stage = Mutex(stage)
  }

  deinit {
    stage.withLock { if case .named(let temporary) = $0 { unlinkat(folder, temporary, 0) } }
    close(descriptor)
    close(folder)
  }

  /// Gives the file its name. Later calls do nothing.
  func publish() throws(SystemPackage.Errno) {
    try stage.withLock { stage throws(SystemPackage.Errno) in
      if case .published = stage { return }
      if case .unnamed = stage {
        if link(as: name) {
          stage = .published
          return
        }
        guard errno == EEXIST else { throw SystemPackage.Errno(rawValue: errno) }
        let temporary = Self.temporaryName()
        guard link(as: temporary) else { throw SystemPackage.Errno(rawValue: errno) }
        stage = .named(temporary)
      }
      guard case .named(let temporary) = stage else { return }
      guard renameat(folder, temporary, folder, name) == 0 else {
        throw SystemPackage.Errno(rawValue: errno)
      }
      stage = .published
    }
  }

  private func link(as name: String) -> Bool {
    linkat(AT_FDCWD, Self.link(to: descriptor), folder, name, AT_SYMLINK_FOLLOW) == 0
  }

  private static func link(to descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  private static func temporaryName() -> String {
    ".uringtop-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
  }
}
