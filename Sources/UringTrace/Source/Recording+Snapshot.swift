extension Recording {
  /// What was known at a time of the recording.
  ///
  /// - Parameter time: nanoseconds from the start; nil is the end.
  public func snapshot(at time: UInt64?, filter: Filter = Filter()) -> Snapshot {
    var engine = ReplayEngine(self)
    engine.advance(to: time ?? duration)
    return filter.apply(to: engine.snapshot())
  }
}
