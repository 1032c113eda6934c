import UringRecordings
import UringTrace

extension Recording {
  /// Calls `body` with every request that ends in the recording, in order, and with the name of the
  /// process of its ring.
  ///
  /// - Parameters:
  ///   - parts: number of parts into which the recording is divided, with about the same number of
  ///     records each.
  ///   - atEachPart: is called after each part, with a snapshot without events.
  public func forEachEnded(
    parts: UInt64, _ body: (Request, _ program: String) -> Void,
    atEachPart: (Snapshot) -> Void
  ) {
    let limits = Aggregator.Limits()
    var engine = ReplayEngine(self, limits: limits)
    var position = EndedPosition()
    // Each step must not end more requests than the history holds. A record ends at most one
    // request, except the record of a ring's close.
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
