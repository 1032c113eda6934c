import Glibc
import UringBase

/// The capabilities this process has, of those that matter.
struct Privileges: Sendable, Hashable {
  /// Bits of `CapEff` (include/uapi/linux/capability.h).
  private enum Bit: UInt64 {
    case dacReadSearch = 2
    case sysPtrace = 19
    case sysAdmin = 21
    case perfmon = 38
    case bpf = 39
  }

  private var effective: UInt64

  init(effective: UInt64) { self.effective = effective }

  static var current: Privileges {
    let status = Procfs.text("/proc/self/status") ?? ""
    return Privileges(effective: Procfs.field("CapEff", of: status, radix: 16) ?? 0)
  }

  private func has(_ bit: Bit) -> Bool { effective >> bit.rawValue & 1 == 1 }

  /// Capabilities that BPF tracing needs and this process lacks. CAP_SYS_ADMIN includes both.
  var missing: [String] {
    if has(.sysAdmin) { return [] }
    var names: [String] = []
    if !has(.bpf) { names.append("CAP_BPF") }
    if !has(.perfmon) { names.append("CAP_PERFMON") }
    return names
  }

  /// Capabilities that reading /proc/PID/fd of other users' processes needs and this process lacks: the folder is its owner's, and its
  /// links are followed only for those who may trace the process.
  var missingForNames: [String] {
    var names: [String] = []
    if !has(.sysPtrace) { names.append("CAP_SYS_PTRACE") }
    if !has(.dacReadSearch) { names.append("CAP_DAC_READ_SEARCH") }
    return names
  }

  func require() throws(ProbeError) {
    let missing = missing
    guard !missing.isEmpty else { return }
    let names = missing.joined(separator: " and ")
    throw ProbeError(
      .notPermitted,
      "live capture needs \(names); run it with sudo, or once: "
        + "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep PATH-OF-uringtop")
  }
}

/// The pid namespace that uringtop runs in.
enum PidNamespace {
  /// Inode number of the initial one on every kernel (include/linux/proc_ns.h, PROC_PID_INIT_INO).
  private static let initialInode: UInt32 = 0xEFFF_FFFC

  /// Inode number of this process's own, nil where /proc does not tell.
  static var inode: UInt32? {
    guard let link = Procfs.link("/proc/self/ns/pid") else { return nil }
    let text = String(decoding: link, as: UTF8.self)  // pid:[4026531836]
    guard let start = text.firstIndex(of: "["), let end = text.firstIndex(of: "]") else {
      return nil
    }
    return UInt32(text[text.index(after: start)..<end])
  }

  static var isInitial: Bool { inode.map { $0 == initialInode } ?? true }
}
