/// A reader's position in the sequence of ended requests; see
/// ``Aggregator/forEachEnded(since:_:)``.
public struct EndedPosition: Sendable {
  fileprivate var index: UInt32 = 0

  public init() {}
}

extension Aggregator {
  /// Calls `body` with each request that has ended since the last call with this position. The
  /// requests are passed in the order in which they ended. `program` is the name of the process
  /// that owns the request's ring; it is empty if unknown.
  ///
  /// Skips requests that have already left the history. To receive all requests, call this function
  /// at least once for every ``Limits/history`` records that are consumed.
  public func forEachEnded(
    since position: inout EndedPosition, _ body: (Request, _ program: String) -> Void
  ) {
    position.index = requests.forEachEnded(since: position.index) { request, handle in
      body(request, rings.program(of: handle, id: request.ring))
    }
  }
}

extension RequestTracker {
  /// Calls `body` with the requests in the history from the position `index` on, oldest first.
  /// Returns the position after the newest request.
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
