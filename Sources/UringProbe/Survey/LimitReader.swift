import CRecord
import Glibc
import UringBase
import UringRecords

/// The resource limits and system settings that can make io_uring calls of a process fail, from
/// /proc.
struct LimitReader {
  private struct Limits: Hashable {
    var locked: UInt64
    var files: UInt64
    var ignoresLock: Bool
    var disabled: Int32
    var group: Int32
  }

  /// The limits that the last record of each process contained.
  private var known: [UInt32: Limits] = [:]

  /// Appends a record for each process whose limits differ from those in its last record.
  mutating func read(_ processes: [UInt32], into records: inout RecordBuffer) {
    guard !processes.isEmpty else { return }
    let time = MonotonicClock.now()
    let disabled = Self.setting("io_uring_disabled")
    let group = Self.setting("io_uring_group")
    for tgid in Set(processes).subtracting([0]).sorted() {
      guard let limits = Self.limits(of: tgid, disabled, group), limits != known[tgid] else {
        continue
      }
      if known.count > 4096 { known = [:] }
      known[tgid] = limits
      records.append(record_process_limits.self, at: time) {
        $0.tgid = tgid
        $0.locked = limits.locked
        $0.files = limits.files
        $0.ignores_lock = limits.ignoresLock ? 1 : 0
        $0.disabled = limits.disabled
        $0.group = limits.group
      }
    }
  }

  private static func limits(of tgid: UInt32, _ disabled: Int32, _ group: Int32) -> Limits? {
    guard let text = Procfs.text("/proc/\(tgid)/limits"),
      let status = Procfs.text("/proc/\(tgid)/status"),
      let locked = limit("Max locked memory", in: text),
      let files = limit("Max open files", in: text)
    else { return nil }
    // Bit 14 is CAP_IPC_LOCK. It lifts the limit only in the initial user namespace.
    let capabilities = Procfs.field("CapEff", of: status, radix: 16) ?? 0
    let isInitial = Procfs.link("/proc/\(tgid)/ns/user") == Array("user:[4026531837]".utf8)
    return Limits(
      locked: locked, files: files, ignoresLock: isInitial && capabilities & 1 << 14 != 0,
      disabled: disabled, group: group)
  }

  /// Returns the soft limit from a line of /proc/PID/limits; `UInt64.max` if it is unlimited, nil
  /// if the line is missing.
  private static func limit(_ name: String, in text: String) -> UInt64? {
    for line in Procfs.lines(text) where line.hasPrefix(name) {
      let value = line.dropFirst(name.utf8.count).split(separator: " ").first
      return value == "unlimited" ? .max : value.flatMap { UInt64($0) }
    }
    return nil
  }

  private static func setting(_ name: String) -> Int32 {
    Procfs.text("/proc/sys/kernel/\(name)").flatMap { Int32($0.trimmingNewline()) } ?? -1
  }
}
