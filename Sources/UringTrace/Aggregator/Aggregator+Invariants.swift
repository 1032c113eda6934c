#if DEBUG
  extension Aggregator {
    /// Traps if the trackers' lists, tables and pools contradict themselves or each other.
    ///
    /// For tests only: the time is proportional to the number of entries kept.
    package func checkInvariants() {
      rings.checkInvariants()
      let evicted = chains.checkInvariants(requests)
      requests.checkInvariants(keptForChains: evicted)
      lending.checkInvariants(rings: rings.handles)
      precondition(
        lending.parts.count == requests.allHandles.count { requests[$0].lending != .none },
        "a request's part in the lending of buffers was not given back")
      ublk.checkInvariants()
      statistics.checkInvariants(rings: rings.handles)
      for ring in rings.handles {
        precondition(
          requests.inFlight(of: ring, count: .max).count == Int(rings[ring].ring.inFlight),
          "a ring's requests in flight are miscounted")
      }
      for slot in requests.allHandles where requests[slot].isLending {
        precondition(
          !requests[slot].request.state.isFinal,
          "an ended request is still followed by the lending tracker")
      }
      precondition(
        stream.lost.total > 0 || stream.lost.uncounted > 0 || stream.countsUnrecorded
          || totals.balances,
        "requests have begun and neither ended nor are in flight")
      precondition(
        requests.inFlightCount == rings.inFlightCount,
        "a request in flight is on a ring that was forgotten")
    }
  }
#endif
