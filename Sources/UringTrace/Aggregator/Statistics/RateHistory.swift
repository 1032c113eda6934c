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

  /// - Parameter span: nanoseconds since `earlier`.
  func rates(since earlier: RateCounters, span: UInt64) -> Rates {
    let seconds = Double(span) / 1e9
    var rates = Rates()
    rates.span = span
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
  /// Totals at the last ticks. There are eight ticks per second, so that the rate over the last
  /// second is never far behind.
  private var ticks = InlineArray<9, RateCounters>(repeating: RateCounters())
  private var seconds = InlineArray<61, RateCounters>(repeating: RateCounters())
  /// The last tick with a sample. Nothing has changed since, so later ticks have the current
  /// totals.
  private var through: UInt64 = 0

  /// - Parameter tick: the clock's tick when counting begins.
  init(through tick: UInt64 = 0) { through = tick }

  /// Stores `total` as the totals at the start of each tick in `range`.
  mutating func sample(_ total: RateCounters, at range: ClosedRange<UInt64>) {
    through = range.upperBound
    for tick in max(range.lowerBound, through.since(8))...through { ticks[Int(tick % 9)] = total }
    let (first, last) = ((range.lowerBound + 7) / 8, through / 8)
    guard first <= last else { return }
    for second in max(first, last.since(60))...last { seconds[Int(second % 61)] = total }
  }

  /// Stores `total` for each tick up to `tick` that has no sample yet.
  mutating func fill(_ total: RateCounters, through tick: UInt64) {
    if through < tick { sample(total, at: through + 1...tick) }
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
    // The span begins no earlier than the observation. It is at least a millisecond, to avoid a
    // division by zero; ``Rates/ifMeasured`` is nil for such a span.
    let span = max(clock.now.since(max(time, clock.start)), 1_000_000)
    return total.rates(since: sample, span: span)
  }
}

extension ClosedRange<UInt64> {
  /// Start, in nanoseconds, of the first second that ended at one of these ticks; nil if none
  /// ended. No record arrived between these ticks, so everything that was counted since the end of
  /// the previous second was counted in this second.
  var endedSecond: UInt64? {
    let end = (lowerBound + 7) / 8
    return end > 0 && end * 8 <= upperBound ? (end - 1) * 8 * RateClock.tickLength : nil
  }
}

/// The clock of the record stream. It never runs backwards.
struct RateClock {
  /// Length of a tick, in nanoseconds.
  static let tickLength: UInt64 = 125_000_000

  private(set) var start: UInt64
  private(set) var now: UInt64
  private(set) var tick: UInt64
  /// Start of the running second; nanoseconds.
  var second: UInt64 { tick / 8 * 8 * Self.tickLength }
  /// Start of the next tick, in nanoseconds; 0 until the first record sets a clock that was made
  /// without a start time.
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

  /// Advances over at least one tick. Returns the ticks that began; nil if the clock was only set,
  /// or if `time` is invalid.
  mutating func advance(over time: UInt64) -> ClosedRange<UInt64>? {
    if nextTick == 0 {
      self = RateClock(start: max(time, 1))
      return nil
    }
    // A jump of a week or more shows a damaged record. If it were accepted, every later record
    // would look a week old.
    guard time.since(now) < 7 * 86_400 * 1_000_000_000 else { return nil }
    now = time
    let new = time / Self.tickLength
    let first = tick + 1
    tick = new
    nextTick = (tick + 1) * Self.tickLength
    return first...new
  }
}
