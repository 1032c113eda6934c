/// The length of the reader thread's sleep between two drains of the record buffer.
///
/// The record buffer must never fill, and light traffic must cost little. At the highest rate of
/// one core (3 million NOPs a second, 160 bytes each), 8 MiB fill in 16 ms. Where no BPF program
/// can wake the reader, a sleep must not exceed a fraction of these 16 ms. With light traffic the
/// reader sleeps longer, and the BPF programs wake it when a part of the buffer is full.
///
/// Normally only the first 8 MiB are used, so that records are still in the processor's cache when
/// they are read. The rest of the buffer is a reserve for times when the reader cannot run.
struct DrainPacing {
  private let recordBufferSize: Int
  private let aim: Int
  private let longest: UInt64
  private var interval = DrainPacing.initial

  private static let initial: UInt64 = 5_000_000
  private static let shortest: UInt64 = 1_000_000
  /// Longest sleep, in nanoseconds, from which no BPF program wakes the reader.
  static let longestUnwatched: UInt64 = 10_000_000
  private static let longestWatched: UInt64 = 200_000_000
  private static let largestAim = 8 << 20

  /// - Parameter isPrompt: limits sleeps to 10 ms. The reader then sees a record early enough to
  ///   examine the record's process before that process exits.
  init(recordBufferSize: Int, isPrompt: Bool = false) {
    self.recordBufferSize = recordBufferSize
    aim = min(recordBufferSize, Self.largestAim)
    longest = isPrompt ? Self.longestUnwatched : Self.longestWatched
  }

  /// Bytes in the record buffer at which the BPF programs must wake the reader from a long sleep.
  var wakeSize: Int { max(1, aim / 8) }

  /// True if the last drain found the buffer at least half full: records may have been lost.
  func isBehind(_ drained: Int) -> Bool { drained >= recordBufferSize / 2 }

  /// Resets the interval after a BPF program has woken the reader: because many records arrived, or
  /// because the first record after a silence arrived.
  mutating func restart() { interval = Self.initial }

  /// Returns the nanoseconds to sleep, so that each drain finds an eighth to a quarter of the
  /// buffer filled, or of the buffer's first 8 MiB if it is larger.
  mutating func pause(after drained: Int) -> UInt64 {
    if drained > aim / 4 {
      interval = max(Self.shortest, min(interval, Self.longestUnwatched) / 2)
    } else if interval > Self.longestUnwatched, drained > aim / 16 {
      interval = Self.longestUnwatched
    } else if drained < aim / 32, interval >= Self.longestUnwatched {
      interval = min(longest, interval * 2)
    } else if drained < aim / 8, interval < Self.longestUnwatched {
      interval = min(Self.longestUnwatched, interval + interval / 4)
    }
    return drained > recordBufferSize / 2 ? 1 : interval
  }
}
