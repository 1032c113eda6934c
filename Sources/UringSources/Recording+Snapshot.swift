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
  ///   - most: how many there are at most; those of a longer recording are further apart.
  ///   - body: takes those before, in order.
  public func snapshot(
    at time: UInt64?, filter: Filter = Filter(), every interval: UInt64, most: UInt64 = 600,
    _ body: (Snapshot) -> Void
  ) -> Snapshot {
    var engine = ReplayEngine(self)
    let end = min(time ?? .max, duration)
    let step = max(interval, end / most, 1)
    var moment = step
    while moment < end {
      engine.advance(to: moment)
      body(filter.apply(to: engine.snapshot()))
      moment += step
    }
    engine.advance(to: end)
    return filter.apply(to: engine.snapshot())
  }
}
