/// How long to sleep between two drains: the ring buffer must never fill, and little traffic must cost little.
///
/// At the highest rate of one core (3 million NOPs a second, 160 bytes each) 8 MiB last 16 ms. A reader that
/// nobody wakes must not sleep longer than a fraction of that. With little traffic it sleeps longer, and the
/// programs wake it when a part of the buffer is full. A buffer larger than 8 MiB is for a reader that is kept
/// from running: records read soon are still in the processor's cache.
struct DrainPacing {
  private let ringBufferSize: Int
  private let aim: Int
  private let longest: UInt64
  private var interval = DrainPacing.initial

  private static let initial: UInt64 = 5_000_000
  private static let shortest: UInt64 = 1_000_000
  /// The longest sleep from which nobody wakes the reader.
  static let longestUnwatched: UInt64 = 10_000_000
  private static let longestWatched: UInt64 = 200_000_000
  private static let largestAim = 8 << 20

  /// - Parameter isPrompt: sleeps 10 ms at most, because something must be looked at while it lasts.
  init(ringBufferSize: Int, isPrompt: Bool = false) {
    self.ringBufferSize = ringBufferSize
    aim = min(ringBufferSize, Self.largestAim)
    longest = isPrompt ? Self.longestUnwatched : Self.longestWatched
  }

  /// Bytes in the buffer at which the reader is to be woken from a long sleep.
  var wakeSize: Int { max(1, aim / 8) }

  /// Half of the buffer was full: records may have been lost.
  func isBehind(_ drained: Int) -> Bool { drained >= ringBufferSize / 2 }

  /// More arrived than expected, or something after a silence.
  mutating func restart() { interval = Self.initial }

  /// Nanoseconds to sleep: aims at an eighth to a quarter of the buffer, or of its first 8 MiB, at each drain.
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
    return drained > ringBufferSize / 2 ? 1 : interval
  }
}
