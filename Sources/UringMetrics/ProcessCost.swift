import Glibc
import UringBase

/// The processor time and memory that this process uses.
public struct ProcessCost: Sendable, Hashable {
  /// Seconds, user and system.
  public var processorTime: Double
  public var residentBytes: UInt64
  public var descriptors: UInt64

  public init(processorTime: Double, residentBytes: UInt64, descriptors: UInt64) {
    self.processorTime = processorTime
    self.residentBytes = residentBytes
    self.descriptors = descriptors
  }

  /// The cost up to now.
  public static var current: ProcessCost {
    // The fields are `size resident …`, in pages.
    let pages = Procfs.text("/proc/self/statm")?.split(separator: " ").dropFirst().first
      .flatMap { UInt64($0) }
    return ProcessCost(
      processorTime: Double(clockTime(CLOCK_PROCESS_CPUTIME_ID)) / 1e9,
      residentBytes: (pages ?? 0) * UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 0)),
      // Minus one: the descriptor through which the folder itself is listed.
      descriptors: UInt64(max(Procfs.entries("/proc/self/fd").count - 1, 0)))
  }
}
