/// The sleep between two drains: the record buffer must never fill, and light traffic must cost little.
///
/// At the highest rate of one core (3 million NOPs a second, 160 bytes each) 8 MiB last 16 ms. A sleep that no
/// program ends must not exceed a fraction of that. With light traffic the reader sleeps longer, and the programs
/// wake it when a part of the buffer is full. Normally only the first 8 MiB are used, so that records are still in the
/// processor's cache when they are read; the rest is a reserve for times when the reader cannot run.
struct DrainPacing {
  private let recordBufferSize: Int
  private let aim: Int
  private let longest: UInt64
  private var interval = DrainPacing.initial

  private static let initial: UInt64 = 5_000_000
  private static let shortest: UInt64 = 1_000_000
  /// Longest sleep that no program ends by waking the reader.
  static let longestUnwatched: UInt64 = 10_000_000
  private static let longestWatched: UInt64 = 200_000_000
  private static let largestAim = 8 << 20

  /// - Parameter isPrompt: limits sleeps to 10 ms, so that objects can be examined before they cease to exist.
  init(recordBufferSize: Int, isPrompt: Bool = false) {
    self.recordBufferSize = recordBufferSize
    aim = min(recordBufferSize, Self.largestAim)
    longest = isPrompt ? Self.longestUnwatched : Self.longestWatched
  }

  /// Bytes in the buffer at which the programs must wake the reader from a long sleep.
  var wakeSize: Int { max(1, aim / 8) }

  /// True if half of the buffer was full: records may have been lost.
  func isBehind(_ drained: Int) -> Bool { drained >= recordBufferSize / 2 }

  /// Resets the interval after more records than expected, or after the first record that ends a silence.
  mutating func restart() { interval = Self.initial }

  /// Nanoseconds to sleep, so that each drain finds an eighth to a quarter of the buffer, or of its first 8 MiB.
  mutating func pause(after drained: Int) -> UInt64 {
    if drained > aim / 4 {
      interval = max(Self.shortest, min(interval, Self.longestUnwatched) / 2)
    } else if interval > Self.longestUnwatched, drained > aim / 16 {
      interval = Self.longestUnwatched
    } else if drained < aim / 64, interval >= Self.longestUnwatched {
      interval = min(longest, interval * 2)
    } else if drained < aim / 8, interval < Self.longestUnwatched {
      interval = min(Self.longestUnwatched, interval + interval / 4)
    }
    return drained > recordBufferSize / 2 ? 1 : interval
  }
}
