import UringRecordings
import UringTrace

extension Recording {
  /// Returns the state at a time of the recording.
  ///
  /// - Parameter time: nanoseconds from the recording's start; nil for the end.
  public func snapshot(at time: UInt64?, filter: Filter = Filter()) -> Snapshot {
    var engine = ReplayEngine(self)
    if let time { engine.advance(to: time) } else { engine.advanceToEnd() }
    return filter.apply(to: engine.snapshot())
  }

  /// Returns the state at a time of the recording. Before that, calls `body` with earlier states,
  /// at intervals.
  ///
  /// - Parameters:
  ///   - time: nanoseconds from the recording's start; nil for the end.
  ///   - interval: nanoseconds between earlier states.
  ///   - most: limits the number of states: after every `most / 2` states, the interval doubles. A
  ///     state with very many rings or requests counts several times.
  ///   - body: receives the earlier states in order, without events.
  public func snapshot(
    at time: UInt64?, filter: Filter = Filter(), every interval: UInt64, most: UInt64 = 600,
    _ body: (Snapshot) -> Void
  ) -> Snapshot {
    // The end of the recording is known only when all blocks are checked, so another thread checks
    // blocks ahead.
    beginCheckingAhead()
    defer { endCheckingAhead() }
    var engine = ReplayEngine(self)
    var (step, moment, count, doublings) = (max(interval, 1), max(interval, 1), UInt64(0), 0)
    while moment < time ?? .max, !engine.isAtEnd {
      engine.advance(to: moment)
      let snapshot = engine.snapshot(withEvents: false)
      body(filter.apply(to: snapshot))
      let weight = 1 + UInt64(snapshot.rings.count / 500 + snapshot.requests.count / 10_000)
      count += weight
      if count >= max(most / 2, 1) {
        count = 0
        doublings += 1
        // After ten doublings (a recording of hours), or if a state takes long to examine, the
        // interval grows by a factor of 16.
        step = min(step << (doublings < 10 && weight < 20 ? 1 : 4), 1 << 60)
      }
      moment = moment.addingReportingOverflow(step).overflow ? .max : moment + step
    }
    engine.advance(to: min(time ?? .max, duration))
    return filter.apply(to: engine.snapshot())
  }

  /// Calls `body` with the state at the end of each interval, without events. The last interval
  /// ends at the end of the recording.
  ///
  /// - Parameters:
  ///   - interval: length of an interval in nanoseconds.
  ///   - limit: maximum number of intervals; nil for all.
  public func eachSnapshot<E: Error>(
    every interval: UInt64, limit: Int?, filter: Filter = Filter(),
    _ body: (Snapshot) throws(E) -> Void
  ) throws(E) {
    beginCheckingAhead()
    defer { endCheckingAhead() }
    var engine = ReplayEngine(self)
    var (count, moment) = (0, UInt64(0))
    while count < limit ?? .max, !engine.isAtEnd || moment < duration {
      let next = moment.addingReportingOverflow(max(interval, 1))
      moment = next.overflow ? .max : next.partialValue
      engine.advance(to: moment)
      try body(filter.apply(to: engine.snapshot(withEvents: false)))
      count += 1
    }
  }
}
