import Glibc
import UringBase
import UringRecordings

/// The user who called sudo. Children run as this user, and output files belong to this user.
///
/// The user is determined from the environment that sudo sets and from /etc/group. The C library's
/// look-ups are not used: they load libraries that a static binary cannot use, and fail for a user
/// who is not in any database.
struct SudoUser: Hashable, Sendable {
  var uid: uid_t
  var gid: gid_t
  /// Supplementary groups, including ``gid``.
  var groups: [gid_t]

  /// The user who called sudo; nil if sudo was not used, or if root called it.
  static var current: SudoUser? {
    guard geteuid() == 0 else { return nil }
    return SudoUser(
      environment: { getenv($0).map { String(cString: $0) } },
      groupFile: Procfs.text("/etc/group") ?? "")
  }

  /// - Parameter groupFile: contents of /etc/group (group(5)).
  init?(environment: (String) -> String?, groupFile: String) {
    func number(_ name: String) -> UInt32? { environment(name).flatMap { UInt32($0) } }
    guard let uid = number("SUDO_UID"), uid != 0, let gid = number("SUDO_GID") else { return nil }
    self.uid = uid
    self.gid = gid
    groups = [gid]
    guard let name = environment("SUDO_USER") else { return }
    for line in groupFile.split(separator: "\n") {
      // name, password, number, members
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count == 4, let group = gid_t(fields[2]), !groups.contains(group),
        fields[3].split(separator: ",").contains(Substring(name))
      else { continue }
      groups.append(group)
    }
  }

  var owner: OutputFile.Owner { OutputFile.Owner(uid: uid, gid: gid) }
}
