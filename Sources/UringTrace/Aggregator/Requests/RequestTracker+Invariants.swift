#if DEBUG
  extension RequestTracker {
    /// Handles of the requests in flight and in the history.
    var allHandles: [Handle<RequestSlot>] {
      var all: [Handle<RequestSlot>] = []
      forEachInFlight { slot, _ in
        all.append(slot)
        return true
      }
      for age in 0..<history.count where history[age: age].slot != .none {
        all.append(history[age: age].slot)
      }
      return all
    }

    /// Number of requests in the history that keep their slot.
    private var keptSlots: Int {
      (0..<history.count).count { history[age: $0].slot != .none }
    }

    var inFlightCount: Int { allHandles.count - keptSlots }

    /// Traps unless lists, tables and pool are consistent.
    ///
    /// - Parameter kept: number of requests that have left the history and are kept for their
    ///   chain.
    func checkInvariants(keptForChains kept: Int) {
      addresses.checkInvariants()
      userData.checkInvariants(slots)
      var inFlight = 0
      var previous = Handle<RequestSlot>.none
      forEachInFlight { handle, slot in
        precondition(slots.isLive(handle), "a request in flight was given back")
        precondition(links[handle].previous == previous, "the list in flight is broken")
        precondition(!slot.request.state.isFinal, "a request in flight has ended")
        precondition(links[handle].ring == slot.ring, "a request's ring is recorded twice")
        precondition(slot.request.id != 0 && slot.request.id <= lastID, "a request has no id")
        inFlight += 1
        previous = handle
        return inFlight <= slots.count
      }
      precondition(links[.none].previous == previous, "the list in flight has a wrong end")
      for age in 0..<history.count {
        let handle = history[age: age].slot
        if handle == .none { continue }
        precondition(slots.isLive(handle), "the history holds a request that was given back")
        precondition(slots[handle].request.state.isFinal, "a request in the history is in flight")
        precondition(!slots[handle].isIndexed, "an ended request is in the index")
      }
      let extraCount = allHandles.count { slots[$0].extra != .none }
      precondition(
        extraCount...extraCount + kept ~= extras.count, "a request's extra facts were not freed")
      precondition(
        slots.count == inFlight + keptSlots + kept, "a request slot is in use but on no list")
    }
  }
#endif
