import UringTrace

/// What a target shall be.
public struct Configuration: Sendable, Hashable {
  /// Where the data are kept.
  public enum Backing: Sendable, Hashable {
    /// A file, created sparse if it is not there, used with O_DIRECT where its file system can.
    case file(String)
    /// Memory: a file without a name, because fixed-buffer requests need one.
    case memory
    /// Nowhere: writes are forgotten, reads leave the buffer as it is.
    case null
  }

  public var backing = Backing.memory
  /// Nil is the best there is.
  public var transfer: Transfer?
  public var queues = 1
  /// Tags per queue.
  public var depth = 16
  /// Bytes; a multiple of the block size.
  public var size: UInt64 = 64 << 20
  /// Logical block size in bytes: a power of two from 512 to 4096.
  public var blockSize = 4096
  /// Bytes of the largest I/O that the driver hands over.
  public var largestIO = 256 << 10
  /// Bytes that one member moves at most: larger I/Os have several members.
  public var memberSize = 16 << 10
  /// Faults to make, each in its share of the I/Os.
  public var injections: [Injection] = []
  /// How long a slow member takes, in nanoseconds: well over the 100 ms after which a buffer counts as
  /// held for long.
  public var slowMemberTime: UInt64 = 250_000_000
  /// I/Os kept in the log of each queue.
  public var logCapacity = 16_384
  /// The load; nil leaves the device to the user's programs.
  public var load: LoadConfiguration? = LoadConfiguration()

  public init() {}

  /// Says what makes no sense, before anything is touched.
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

/// What the load does.
public struct LoadConfiguration: Sendable, Hashable {
  /// I/Os in flight. On a ublk device always fewer than a queue has tags.
  public var depth = 8
  /// I/Os a second; nil as many as go.
  public var rate: Int?
  /// Bytes of the largest I/O.
  public var largestIO = 64 << 10
  /// Ends by itself after this many I/Os.
  public var count: UInt64?

  public init() {}

  /// Whether so many are all.
  func isComplete(after issued: UInt64) -> Bool { count.map { issued >= $0 } ?? false }

  /// Whether another is due.
  func isDue(after issued: UInt64, since start: UInt64) -> Bool {
    rate.map { Double(issued) < Double(MonotonicClock.now() - start) / 1e9 * Double($0) } ?? true
  }

  /// Nanoseconds that a completion is waited for before the next look at what is due.
  var patience: UInt64 { rate == nil ? 100_000_000 : 2_000_000 }
}
