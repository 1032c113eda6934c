import UringBase

/// The configuration of a target.
public struct Configuration: Sendable, Hashable {
  /// The storage behind the block device.
  public enum Backing: Sendable, Hashable {
    /// A file. It is created sparse if it does not exist, and used with O_DIRECT where the file
    /// system allows it.
    case file(String)
    /// Memory, as an unnamed file, because fixed-buffer requests need a file.
    case memory
    /// No storage: writes are dropped, and reads leave the buffer unchanged.
    case null
  }

  public var backing = Backing.memory
  /// How data are transferred; nil for the best transfer that the driver supports.
  public var transfer: Transfer?
  public var queues = 1
  /// Tags per queue.
  public var depth = 16
  /// Size of the device in bytes; a multiple of the block size.
  public var size: UInt64 = 64 << 20
  /// Logical block size in bytes: a power of two from 512 to 4096.
  public var blockSize = 4096
  /// Maximum number of bytes per I/O that the driver delivers.
  public var largestIO = 256 << 10
  /// Maximum number of bytes per member (a request that transfers data of an I/O). A larger I/O has
  /// several members.
  public var memberSize = 16 << 10
  /// Faults to inject, each into a percentage of the I/Os.
  public var injections: [Injection] = []
  /// Nanoseconds that a slow member takes. The default is well over 100 ms, the time after which
  /// uringtop reports a buffer as held for a long time.
  public var slowMemberTime: UInt64 = 250_000_000
  /// Number of I/Os kept in the log of each queue.
  public var logCapacity = 16_384
  /// The load; nil for none, so that other programs can use the device.
  public var load: LoadConfiguration? = LoadConfiguration()

  public init() {}

  /// Throws an error if the configuration is invalid. Creates nothing.
  public func validate() throws(TargetError) {
    let rules: [(Bool, String)] = [
      ((1...64).contains(queues), "queues must be 1 to 64"),
      ((1...1024).contains(depth), "depth must be 1 to 1024"),
      (
        [512, 1024, 2048, 4096].contains(blockSize), "block size must be 512, 1024, 2048 or 4096"
      ),
      (size >= 1 << 20, "size must be at least 1 MiB"),
      (
        size.isMultiple(of: UInt64(blockSize)), "size must be a multiple of the block size"
      ),
      (
        largestIO >= 4096 && largestIO <= 1 << 20 && largestIO.isMultiple(of: 4096),
        "the largest I/O must be a multiple of 4096 up to 1 MiB"
      ),
      (
        memberSize >= 4096 && memberSize.isMultiple(of: 4096),
        "the member size must be a multiple of 4096"
      ),
      (logCapacity >= 1, "the log must hold at least one I/O"),
      (load == nil || load!.depth >= 1, "the load's depth must be at least 1"),
      (
        injections.allSatisfy { $0.percent > 0 && $0.percent <= 100 },
        "a share of faults is more than 0 and at most 100 percent"
      ),
      (
        injections.reduce(0) { $0 + $1.percent } <= 100, "the shares of faults exceed 100 percent"
      ),
    ]
    for (holds, message) in rules where !holds { throw TargetError(.invalid, message) }
    for injection in injections { try injection.validate(with: self) }
  }
}

/// The configuration of the load.
public struct LoadConfiguration: Sendable, Hashable {
  /// Maximum number of I/Os in flight. On a ublk device it is lowered, if necessary, to one less
  /// than the number of a queue's tags, but not below 1.
  public var depth = 8
  /// I/Os per second; nil for unlimited.
  public var rate: Int?
  /// Maximum number of bytes per I/O.
  public var largestIO = 64 << 10
  /// Number of I/Os after which the load stops; nil for unlimited.
  public var count: UInt64?

  public init() {}

  /// True if the load stops after `issued` I/Os.
  func isComplete(after issued: UInt64) -> Bool { count.map { issued >= $0 } ?? false }

  /// True if the rate allows another I/O now, after `issued` I/Os since the time `start`.
  func isDue(after issued: UInt64, since start: UInt64) -> Bool {
    rate.map { Double(issued) < Double(MonotonicClock.now() - start) / 1e9 * Double($0) } ?? true
  }

  /// Nanoseconds to wait for a completion before checking again whether an I/O is due.
  var patience: UInt64 { rate == nil ? 100_000_000 : 2_000_000 }
}
