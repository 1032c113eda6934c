import Glibc
import UringRecordings

/// The user who called sudo: who children run as and output files belong to.
struct SudoUser: Sendable {
  var name: String
  var uid: uid_t
  var gid: gid_t

  /// Nil when not under sudo, or when root called it.
  static var current: SudoUser? {
    guard geteuid() == 0, let uid = number("SUDO_UID"), uid != 0, let gid = number("SUDO_GID")
    else { return nil }
    let entry = getpwuid(uid)
    let name = entry.map { String(cString: $0.pointee.pw_name) } ?? ""
    return SudoUser(name: name, uid: uid, gid: gid)
  }

  var owner: OutputFile.Owner { OutputFile.Owner(uid: uid, gid: gid) }

  private static func number(_ name: String) -> UInt32? {
    getenv(name).flatMap { UInt32(String(cString: $0)) }
  }
}
