import CProcess
import UringBase

/// The capabilities of this process, as far as uringtop uses them.
struct Privileges: Sendable, Hashable {
  /// Bit numbers in capability sets (include/uapi/linux/capability.h).
  enum Bit: UInt64, CaseIterable {
    case chown = 0
    case dacOverride = 1
    case dacReadSearch = 2
    case fowner = 3
    case kill = 5
    case sysPtrace = 19
    case sysAdmin = 21
    case sysNice = 23
    case syslog = 34
    case perfmon = 38
    case bpf = 39

    /// Name as in `man 7 capabilities`.
    var name: String {
      switch self {
      case .chown: "CAP_CHOWN"
      case .dacOverride: "CAP_DAC_OVERRIDE"
      case .dacReadSearch: "CAP_DAC_READ_SEARCH"
      case .fowner: "CAP_FOWNER"
      case .kill: "CAP_KILL"
      case .sysPtrace: "CAP_SYS_PTRACE"
      case .sysAdmin: "CAP_SYS_ADMIN"
      case .sysNice: "CAP_SYS_NICE"
      case .syslog: "CAP_SYSLOG"
      case .perfmon: "CAP_PERFMON"
      case .bpf: "CAP_BPF"
      }
    }
  }

  private var effective: UInt64

  init(effective: UInt64) { self.effective = effective }

  static var current: Privileges { Privileges(effective: process_capabilities()) }

  static func mask(_ bits: [Bit]) -> UInt64 { bits.reduce(0) { $0 | 1 << $1.rawValue } }

  /// Names of the capabilities in this set that ``Bit`` lists.
  var names: [String] { Bit.allCases.filter(has).map(\.name) }

  private func has(_ bit: Bit) -> Bool { effective >> bit.rawValue & 1 == 1 }

  /// Names of the capabilities that BPF tracing needs and that this process lacks: CAP_BPF and
  /// CAP_PERFMON. CAP_SYS_ADMIN includes both.
  var missing: [String] {
    if has(.sysAdmin) { return [] }
    var names: [String] = []
    for bit in [Bit.bpf, .perfmon] where !has(bit) { names.append(bit.name) }
    return names
  }

  /// Names of the capabilities that are needed to read /proc/PID/fd of other users' processes and
  /// that this process lacks.
  ///
  /// Only the owner of the process may list the folder; others need CAP_DAC_READ_SEARCH. The links
  /// in the folder may be followed only by those who may trace the process (CAP_SYS_PTRACE).
  var missingForNames: [String] {
    var names: [String] = []
    for bit in [Bit.sysPtrace, .dacReadSearch] where !has(bit) { names.append(bit.name) }
    return names
  }

  func require() throws(ProbeError) {
    let missing = missing
    guard !missing.isEmpty else {
      guard Procfs.exists("/proc/self/fd") else {
        throw ProbeError(.system, "live capture needs /proc, which is not mounted")
      }
      return
    }
    let names = missing.joined(separator: " and ")
    throw ProbeError(
      .notPermitted,
      "live capture needs \(names); run it with sudo, or once: "
        + "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep PATH-OF-uringtop")
  }
}

/// A type of namespace, to determine whether uringtop runs in the initial namespace of this type.
enum Namespace: String {
  case pid, user

  /// Inode number of the initial namespace, the same on every kernel (PROC_*_INIT_INO in
  /// include/linux/proc_ns.h).
  private var initialInode: UInt32 {
    switch self {
    case .pid: 0xEFFF_FFFC
    case .user: 0xEFFF_FFFD
    }
  }

  /// Inode number of this process's namespace; nil if /proc does not show it.
  var inode: UInt32? {
    guard let link = Procfs.link("/proc/self/ns/\(rawValue)") else { return nil }
    let text = String(decoding: link, as: UTF8.self)  // pid:[4026531836]
    guard let start = text.firstIndex(of: "["), let end = text.firstIndex(of: "]") else {
      return nil
    }
    return UInt32(text[text.index(after: start)..<end])
  }

  var isInitial: Bool { inode.map { $0 == initialInode } ?? true }
}
