#if DEBUG
  extension Aggregator {
    /// Stops the program if lists, pools and counts contradict each other. For tests.
    func checkInvariants() {
      let inFlight = checkRequestsInFlight()
      let ended = checkHistory(inFlight)
      let evicted = checkChains(inFlight.union(ended))
      precondition(
        Int(slots.count) == inFlight.count + ended.count + evicted,
        "\(slots.count) slots are taken, \(inFlight.count) + \(ended.count) + \(evicted) are listed"
      )
      checkGroups(inFlight)
      checkRings()
    }

    // MARK: Requests

    private func checkRequestsInFlight() -> Set<UInt32> {
      var seen: Set<UInt32> = []
      var ofRing: [UInt32: Int] = [:]
      var previous = noIndex
      var slot = links.first
      while slot != noIndex {
        precondition(slot < slots.end && seen.insert(slot).inserted, "slot \(slot) is listed twice")
        precondition(links[slot].previous == previous, "the list of requests is broken at \(slot)")
        precondition(links[slot].ring == slots[slot].ring, "slot \(slot) is of two rings")
        precondition(!slots[slot].request.state.isFinal, "request in flight has ended")
        ofRing[links[slot].ring, default: 0] += 1
        previous = slot
        slot = links[slot].next
      }
      precondition(links[noIndex].previous == previous, "the list of requests has no end")
      precondition(inFlightCount == seen.count, "\(inFlightCount) requests, \(seen.count) listed")
      for ring in 0..<rings.end where !rings[ring].isGone {
        precondition(
          Int(rings[ring].ring.inFlight) == ofRing[ring] ?? 0,
          "ring \(ring) counts \(rings[ring].ring.inFlight) requests of \(ofRing[ring] ?? 0)")
      }
      for ring in ofRing.keys { precondition(!rings[ring].isGone, "requests of a forgotten ring") }
      return seen
    }

    private func checkHistory(_ inFlight: Set<UInt32>) -> Set<UInt32> {
      var seen: Set<UInt32> = []
      for age in 0..<history.count {
        let slot = history[age: age]
        precondition(slot < slots.end && seen.insert(slot).inserted, "slot \(slot) ended twice")
        precondition(!inFlight.contains(slot), "slot \(slot) is in flight and has ended")
        precondition(slots[slot].request.state.isFinal, "a request of the history is in flight")
        precondition(!slots[slot].isIndexed, "an ended request is in the index")
      }
      return seen
    }

    /// - Returns: members that are kept for their chain only.
    private func checkChains(_ listed: Set<UInt32>) -> Int {
      var count = 0
      var evicted = 0
      var inChains: Set<UInt32> = []
      for index in 0..<chains.end where chains[index].count > 0 {
        count += 1
        let chain = chains[index]
        var members: [UInt32] = []
        var previous = noIndex
        var slot = chain.first
        while slot != noIndex {
          precondition(inChains.insert(slot).inserted, "slot \(slot) is in two chains")
          precondition(links[slot].chain == index, "slot \(slot) does not know its chain")
          precondition(slots[slot].chainPrevious == previous, "chain \(index) is broken")
          precondition(
            slots[slot].isEvicted != listed.contains(slot), "slot \(slot) is on no list or freed")
          members.append(slot)
          previous = slot
          slot = slots[slot].chainNext
        }
        precondition(chain.last == previous, "chain \(index) has another end")
        precondition(chain.count == members.count, "chain \(index) counts \(chain.count) members")
        let gone = members.count { slots[$0].isEvicted }
        precondition(chain.evictedCount == gone && gone < members.count, "chain \(index) is done")
        for slot in [chain.failed, chain.lastCancelled] where slot != noIndex {
          precondition(members.contains(slot), "chain \(index) was broken by another's member")
        }
        evicted += gone
      }
      precondition(chains.count == count, "\(chains.count) chains are taken, \(count) have members")
      for slot in listed where !inChains.contains(slot) {
        precondition(links[slot].chain == noIndex, "slot \(slot) is not in its chain")
      }
      return evicted
    }

    // MARK: Groups

    private func checkGroups(_ inFlight: Set<UInt32>) {
      var groups: Set<UInt32> = []
      var idle = 0
      var previous = noIndex
      var group = tables.firstAlive
      while group != noIndex {
        precondition(groups.insert(group).inserted, "group \(group) is listed twice")
        precondition(tables.groups[group].previous == previous, "the list of groups is broken")
        precondition(!tables.groups[group].isEnded && tables.groups[group].id != 0, "a dead group")
        if tables.groups[group].memberCount == 0 { idle += 1 }
        previous = group
        group = tables.groups[group].next
      }
      precondition(tables.lastAlive == previous, "the list of groups has another end")
      precondition(tables.aliveCount == groups.count, "\(tables.aliveCount) groups alive")
      precondition(tables.idleCount == UInt64(idle), "\(tables.idleCount) idle groups of \(idle)")
      for age in 0..<tables.history.count {
        let group = tables.history[age: age]
        precondition(groups.insert(group).inserted, "group \(group) is alive and has ended")
        precondition(tables.groups[group].isEnded, "a group of the history has not ended")
      }
      precondition(Int(tables.groups.count) == groups.count, "groups are taken and not listed")
      var members: Set<UInt32> = []
      for group in groups { checkMembers(of: group, inFlight, &members) }
      precondition(Int(tables.members.count) == members.count, "members are taken, not listed")
      for slot in inFlight where slots[slot].member != noIndex {
        precondition(members.contains(slots[slot].member), "slot \(slot) is of a freed member")
      }
    }

    private func checkMembers(
      of group: UInt32, _ inFlight: Set<UInt32>, _ members: inout Set<UInt32>
    ) {
      let state = tables.groups[group]
      var (done, running): (UInt32, UInt64) = (0, 0)
      var previous = noIndex
      var number = state.firstMember
      while number != noIndex {
        precondition(members.insert(number).inserted, "member \(number) is listed twice")
        precondition(tables.members[number].group == group, "member \(number) is another group's")
        precondition(tables.members[number].previous == previous, "the members are broken")
        if tables.members[number].member.isDone {
          done += 1
        } else {
          running += 1
          let slot = tables.members[number].slot
          precondition(inFlight.contains(slot), "member \(number) of a request that has ended")
          precondition(slots[slot].member == number, "slot \(slot) is another member")
        }
        previous = number
        number = tables.members[number].next
      }
      precondition(state.lastMember == previous, "the members have another end")
      precondition(
        state.keptDone == done, "group \(group) counts \(state.keptDone) of \(done) done")
      precondition(state.running == running, "group \(group) counts \(state.running) of \(running)")
    }

    // MARK: Rings

    private func checkRings() {
      precondition(Set(closedRings).count == closedRings.count, "a ring was closed twice")
      for ring in closedRings {
        precondition(!rings[ring].isGone && rings[ring].ring.isClosed, "ring \(ring) is not closed")
      }
      var places: Set<UInt32> = []
      for ring in 0..<rings.end where !rings[ring].isGone {
        var place = rings[ring].firstPlace
        while place != noIndex {
          precondition(places.insert(place).inserted, "buffer \(place) is listed twice")
          precondition(tables.places[place].ring == ring, "buffer \(place) is another ring's")
          let group = tables.places[place].group
          precondition(
            group == noIndex || tables.groups[group].id != 0, "buffer \(place) of a freed group")
          place = tables.places[place].next
        }
      }
      precondition(Int(tables.places.count) == places.count, "buffers are taken and not listed")
    }
  }
#endif
