import UringRecordings
import UringTrace

extension Recording {
  /// Calls `body` with every request that ends in the recording, in order, and with the name of its ring's process.
  ///
  /// - Parameters:
  ///   - parts: how often `atEachPart` is called, after parts with about the same number of records.
  ///   - atEachPart: gets the state, without events.
  public func forEachEnded(
    parts: UInt64, _ body: (Request, _ program: String) -> Void,
    atEachPart: (Snapshot) -> Void
  ) {
    let limits = Aggregator.Limits()
    var engine = ReplayEngine(self, limits: limits)
    var position = EndedPosition()
    // A record ends one request at most, except that of a ring's end.
    let step = max(1, min(UInt64(limits.history), recordCount / max(parts, 1)))
    var (taken, nextPart) = (UInt64(0), recordCount / max(parts, 1))
    while engine.advance(byRecords: Int(step)) {
      engine.forEachEnded(since: &position, body)
      taken += step
      if taken >= nextPart || engine.isAtEnd {
        atEachPart(engine.snapshot(withEvents: false))
        nextPart += max(recordCount / max(parts, 1), 1)
      }
    }
  }
}
