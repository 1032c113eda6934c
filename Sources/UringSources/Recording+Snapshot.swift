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
}
