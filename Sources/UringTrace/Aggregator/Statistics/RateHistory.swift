/// The counters from which rates are computed.
struct RateCounters {
  var submitted: UInt64 = 0
  var completed: UInt64 = 0
  var errors: UInt64 = 0
  var bytesRead: UInt64 = 0
  var bytesWritten: UInt64 = 0

  init() {}

  init(_ counts: Ring.Counts) {
    submitted = counts.submitted
    completed = counts.completed
    errors = counts.errors
    bytesRead = counts.bytesRead
    bytesWritten = counts.bytesWritten
  }

  static func += (total: inout RateCounters, other: RateCounters) {
    total.submitted &+= other.submitted
    total.completed &+= other.completed
    total.errors &+= other.errors
    total.bytesRead &+= other.bytesRead
    total.bytesWritten &+= other.bytesWritten
  }

  static func -= (total: inout RateCounters, other: RateCounters) {
    total.submitted &-= other.submitted
    total.completed &-= other.completed
    total.errors &-= other.errors
    total.bytesRead &-= other.bytesRead
    total.bytesWritten &-= other.bytesWritten
  }

  func rates(since earlier: RateCounters, seconds: Double) -> Rates {
    var rates = Rates()
    rates.submitted = Double(submitted &- earlier.submitted) / seconds
    rates.completed = Double(completed &- earlier.completed) / seconds
    rates.errors = Double(errors &- earlier.errors) / seconds
    rates.bytesRead = Double(bytesRead &- earlier.bytesRead) / seconds
    rates.bytesWritten = Double(bytesWritten &- earlier.bytesWritten) / seconds
    return rates
  }
}

/// Running totals at the last few ticks of the clock. Rates are differences of totals, so that a
/// record costs nothing here.
struct RateHistory {
  /// Eight ticks a second, so that the rate over the last second is never much behind.
  private var ticks = InlineArray<9, RateCounters>(repeating: RateCounters())
  private var seconds = InlineArray<61, RateCounters>(repeating: RateCounters())
  /// The last tick of which there is a sample. Later ones are like the totals: nothing has changed.
  private var through: UInt64 = 0

  /// - Parameter tick: the clock's when counting begins.
  init(through tick: UInt64 = 0) { through = tick }

  /// Takes the totals as they are when `tick` begins.
  mutating func sample(_ total: RateCounters, at tick: UInt64) {
    through = tick
    ticks[Int(tick % 9)] = total
    if tick % 8 == 0 { seconds[Int(tick / 8 % 61)] = total }
  }

  /// Takes the totals for the ticks up to `tick` of which there is no sample.
  mutating func fill(_ total: RateCounters, through tick: UInt64) {
    guard through < tick else { return }
    for missing in max(through + 1, tick.since(RateClock.ticksKept - 1))...tick {
      sample(total, at: missing)
    }
  }

  func lastSecond(_ total: RateCounters, clock: RateClock) -> Rates {
    let tick = clock.tick >= 8 ? clock.tick - 8 : 0
    let sample = tick > through ? total : ticks[Int(tick % 9)]
    return rates(total, from: sample, at: tick * RateClock.tickLength, clock)
  }

  func lastMinute(_ total: RateCounters, clock: RateClock) -> Rates {
    let second = clock.tick / 8 >= 60 ? clock.tick / 8 - 60 : 0
    let sample = second * 8 > through ? total : seconds[Int(second % 61)]
    return rates(total, from: sample, at: second * 8 * RateClock.tickLength, clock)
  }

  private func rates(
    _ total: RateCounters, from sample: RateCounters, at time: UInt64, _ clock: RateClock
  ) -> Rates {
    // Nothing was counted before the observation began. A millisecond at least: no division by zero.
    let span = max(clock.now.since(max(time, clock.start)), 1_000_000)
    return total.rates(since: sample, seconds: Double(span) / 1e9)
  }
}

/// The time of the stream, which only moves on.
struct RateClock {
  /// Nanoseconds.
  static let tickLength: UInt64 = 125_000_000
  /// How many ticks the history holds.
  static let ticksKept: UInt64 = 61 * 8

  private(set) var start: UInt64
  private(set) var now: UInt64
  private(set) var tick: UInt64
  /// When the next tick begins.
  private(set) var nextTick: UInt64

  init(start: UInt64) {
    self.start = start
    now = start
    tick = start / Self.tickLength
    nextTick = start == 0 ? 0 : (tick &+ 1) &* Self.tickLength
  }

  @inline(__always)
  mutating func advance(within time: UInt64) {
    if time > now { now = time }
  }

  /// Moves on over at least one tick. Returns the ticks that began.
  mutating func advance(over time: UInt64) -> ClosedRange<UInt64>? {
    if nextTick == 0 {
      self = RateClock(start: max(time, 1))
      return nil
    }
    // A longer jump is a damaged record; everything after it would look a week old.
    guard time.since(now) < 7 * 86_400 * 1_000_000_000 else { return nil }
    now = time
    let new = time / Self.tickLength
    // More than the history holds need not be told.
    let first = max(tick + 1, new.since(Self.ticksKept))
    tick = new
    nextTick = (tick + 1) * Self.tickLength
    return first...new
  }
}
