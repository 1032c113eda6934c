/// How far a reader of the ended requests has come; see ``Aggregator/forEachEnded(since:_:)``.
public struct EndedPosition: Sendable {
  fileprivate var index: UInt32 = 0

  public init() {}
}

extension Aggregator {
  /// Calls `body` with each request that has ended since the last call with this position, in the order of their ends,
  /// and with the name of the process that owns its ring; the name is empty if unknown.
  ///
  /// Requests that have left the history since are skipped: call it at least once for every ``Limits/history`` records.
  public func forEachEnded(
    since position: inout EndedPosition, _ body: (Request, _ program: String) -> Void
  ) {
    position.index = requests.forEachEnded(since: position.index) { request, handle in
      body(request, rings.program(of: handle, id: request.ring))
    }
  }
}

extension RequestTracker {
  /// Calls `body` with the requests in the history from a position on, oldest first. Returns the position behind them.
  fileprivate func forEachEnded(
    since index: UInt32, _ body: (Request, Handle<RingState>) -> Void
  ) -> UInt32 {
    for age in (0..<min(history.count, history.length(since: index))).reversed() {
      let past = history[age: age]
      if past.slot == .none {
        body(past.request, past.ring)
      } else {
        body(request(of: past.slot), slots[past.slot].ring)
      }
    }
    return history.nextPosition.index
  }
}
