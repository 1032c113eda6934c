import UringRecordings
import UringTrace

extension Recording {
  /// The state at a time of the recording.
  ///
  /// - Parameter time: nanoseconds from the start; nil is the end.
  public func snapshot(at time: UInt64?, filter: Filter = Filter()) -> Snapshot {
    var engine = ReplayEngine(self)
    if let time { engine.advance(to: time) } else { engine.advanceToEnd() }
    return filter.apply(to: engine.snapshot())
  }

  /// The state at a time of the recording, after the states before it.
  ///
  /// - Parameters:
  ///   - interval: nanoseconds between them.
  ///   - most: after half as many, and each time again, they are twice as far apart. States with very many rings or
  ///     requests count several times.
  ///   - body: takes those before, in order. They have no events.
  public func snapshot(
    at time: UInt64?, filter: Filter = Filter(), every interval: UInt64, most: UInt64 = 600,
    _ body: (Snapshot) -> Void
  ) -> Snapshot {
    // Where the recording ends is known when all of it is checked.
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
        // Hours: a longer recording is looked at less closely, and so are states that take long to look at.
        step = min(step << (doublings < 10 && weight < 20 ? 1 : 4), 1 << 60)
      }
      moment = moment.addingReportingOverflow(step).overflow ? .max : moment + step
    }
    engine.advance(to: min(time ?? .max, duration))
    return filter.apply(to: engine.snapshot())
  }
}
