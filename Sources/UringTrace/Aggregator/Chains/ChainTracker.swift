/// Chains of linked requests: the order of their members, and the member that broke each chain.
///
/// Each request refers to its membership in a chain (``ChainMember``); see
/// ``RequestTracker/chainMember(of:)``.
struct ChainTracker: ~Copyable {
  private var chains = Pool<ChainState>()
  private var members = Pool<ChainMember>()
  private var lastID: Chain.ID = 0
  /// Per ring, the last chain that began behind a request that was never seen.
  private var unseenHeads = BoundedCache<Ring.ID, UnseenHeadChain>(limit: 4_096)

  private struct UnseenHeadChain {
    /// Address of the request that was never seen.
    var target: UInt64
    var chain: Handle<ChainState>
    var id: Chain.ID
  }

  /// Maximum number of members. A longer chain shows an invalid record, because a submission queue
  /// holds at most 32,768 SQEs.
  private static var longestChain: UInt32 { 1 << 16 }

  // MARK: Linking

  /// Appends a request, which must not be in a chain yet, to the chain of `first`.
  mutating func linked(
    _ slot: Handle<RequestSlot>, behind first: Handle<RequestSlot>,
    _ requests: inout RequestTracker
  ) {
    let chain = chain(ofOrMadeFor: first, &requests)
    append(slot, to: chain, &requests)
  }

  /// Appends a request, which must not be in a chain yet, to the chain that began behind a request
  /// that was never seen. The `io_kiocb` of that unseen request is at the address `target`.
  mutating func linked(
    _ slot: Handle<RequestSlot>, behindUnseen target: UInt64, _ requests: inout RequestTracker
  ) {
    let ring = requests[slot].request.ring
    if let known = unseenHeads[ring], known.target == target,
      chains[unproven: known.chain].id == known.id,
      hasMemberInFlight(known.chain, requests)
    {
      append(slot, to: known.chain, &requests)
      return
    }
    let chain = begin(ring: ring)
    append(slot, to: chain, &requests)
    unseenHeads[ring] = UnseenHeadChain(target: target, chain: chain, id: chains[chain].id)
  }

  /// Inserts a request directly behind `first`, where an inventory walk (BPF iterator over kernel
  /// structures) found it.
  mutating func found(
    _ slot: Handle<RequestSlot>, behind first: Handle<RequestSlot>,
    _ requests: inout RequestTracker
  ) {
    let chain = chain(ofOrMadeFor: first, &requests)
    join(slot, to: chain, after: first, &requests)
  }

  // MARK: Breaking

  /// Notes that the chain of `cancelled` broke at an unknown request. If `cancelled` is in no
  /// chain, begins one.
  mutating func broke(cancelling cancelled: Handle<RequestSlot>, _ requests: inout RequestTracker) {
    _ = chain(ofOrMadeFor: cancelled, &requests)
  }

  /// Notes that `failed` broke its chain and that the kernel cancels `cancelled` for that reason.
  ///
  /// - Returns: true if `cancelled` is the first request that `failed` cancels.
  mutating func broke(
    at failed: Handle<RequestSlot>, cancelling cancelled: Handle<RequestSlot>,
    _ requests: inout RequestTracker
  ) -> Bool {
    let chain = chain(ofOrMadeFor: failed, &requests)
    join(cancelled, to: chain, after: failed, &requests)
    let isFirst = chains[chain].failed != requests.chainMember(of: failed)
    chains[chain].failed = requests.chainMember(of: failed)
    let member = requests.chainMember(of: cancelled)
    chains[chain].lastCancelled = member != .none && members[member].chain == chain ? member : .none
    return isFirst
  }

  // MARK: Ends

  /// The request that can run after the member `slot` has ended; nil if there is none or the chain
  /// broke.
  @inline(never)
  func next(
    after slot: Handle<RequestSlot>, _ requests: borrowing RequestTracker
  ) -> Handle<RequestSlot>? {
    let isHard = requests[slot].request.flags & UInt64(SQEFlags.hardlink.rawValue) != 0
    guard !requests[slot].request.hasResult || requests[slot].request.result >= 0 || isHard else {
      return nil
    }
    var next = members[requests.chainMember(of: slot)].link.next
    // A link timeout runs beside the request that it guards, not after it.
    while next != .none, requests[members[next].slot].request.opcode == .linkTimeout {
      next = members[next].link.next
    }
    guard next != .none, requests[members[next].slot].request.state == .linked else { return nil }
    return members[next].slot
  }

  /// The requests before and behind a request in its chain.
  func neighbours(
    of slot: Handle<RequestSlot>, _ requests: borrowing RequestTracker
  ) -> (previous: Departures.Neighbour?, next: Departures.Neighbour?) {
    let member = requests.chainMember(of: slot)
    guard member != .none else { return (nil, nil) }
    let link = members[member].link
    return (neighbour(link.previous, requests), neighbour(link.next, requests))
  }

  private func neighbour(
    _ member: Handle<ChainMember>, _ requests: borrowing RequestTracker
  ) -> Departures.Neighbour? {
    guard member != .none else { return nil }
    return Departures.Neighbour(
      request: requests[members[member].slot].request.id, hasDeparted: members[member].isEvicted)
  }

  /// Handles a member that has left the history. All members are kept until the last of them
  /// leaves; then the chain is forgotten.
  ///
  /// - Returns: the forgotten chain, if it broke; nil otherwise.
  @inline(never)
  mutating func evicted(
    _ slot: Handle<RequestSlot>, _ requests: inout RequestTracker
  ) -> Chain? {
    let member = requests.chainMember(of: slot)
    members[member].isEvicted = true
    let handle = members[member].chain
    chains[handle].evictedCount &+= 1
    let state = chains[handle]
    let isBroken =
      state.evictedCount == state.members.count && cause(of: state, requests) != .none
    let chain = isBroken ? chain(state, requests) : nil
    forgetIfEvicted(handle, &requests)
    return chain
  }

  // MARK: Membership

  private mutating func begin(ring: Ring.ID) -> Handle<ChainState> {
    lastID += 1
    let chain = chains.take(ChainState())
    chains[chain] = ChainState(id: lastID, ring: ring)
    return chain
  }

  private mutating func chain(
    ofOrMadeFor slot: Handle<RequestSlot>, _ requests: inout RequestTracker
  ) -> Handle<ChainState> {
    let member = requests.chainMember(of: slot)
    if member != .none { return members[member].chain }
    let chain = begin(ring: requests[slot].request.ring)
    append(slot, to: chain, &requests)
    return chain
  }

  private mutating func append(
    _ slot: Handle<RequestSlot>, to chain: Handle<ChainState>, _ requests: inout RequestTracker
  ) {
    guard chains[chain].members.count < Self.longestChain else { return }
    let member = members.take(ChainMember())
    members[member] = ChainMember(chain: chain, slot: slot)
    chains[chain].members.append(member, in: &members)
    requests.setChain(member, id: chains[chain].id, of: slot)
  }

  /// Moves a cancelled request, and the members behind it, into the chain of the failed request.
  ///
  /// A request that fails in preparation joins its chain without a `link` record. Only the
  /// `fail_link` records, which name all members in order, show its position.
  private mutating func join(
    _ slot: Handle<RequestSlot>, to chain: Handle<ChainState>, after failed: Handle<RequestSlot>,
    _ requests: inout RequestTracker
  ) {
    if requests.chainMember(of: slot) == .none {
      // The request is appended first, and then moved to its position.
      append(slot, to: chain, &requests)
      guard requests.chainMember(of: slot) != .none else { return }
    } else if members[requests.chainMember(of: slot)].chain == chain {
      return
    }
    var member = requests.chainMember(of: slot)
    let failedMember = requests.chainMember(of: failed)
    var previous = failedMember
    if chains[chain].failed == failedMember, chains[chain].lastCancelled != .none {
      previous = chains[chain].lastCancelled
    }
    let old = members[member].chain
    if old == chain {
      guard previous != member else { return }
      chains[chain].members.remove(member, in: &members)
      chains[chain].members.insert(member, after: previous, in: &members)
      return
    }
    while member != .none {
      let next = members[member].link.next
      if chains[chain].members.count < Self.longestChain {
        move(member, to: chain, after: previous, &requests)
        previous = member
      }
      member = next
    }
    forgetIfEvicted(old, &requests)
  }

  private mutating func move(
    _ member: Handle<ChainMember>, to chain: Handle<ChainState>,
    after previous: Handle<ChainMember>, _ requests: inout RequestTracker
  ) {
    let old = members[member].chain
    chains[old].members.remove(member, in: &members)
    if chains[old].failed == member { chains[old].failed = .none }
    if chains[old].lastCancelled == member { chains[old].lastCancelled = .none }
    members[member].chain = chain
    chains[chain].members.insert(member, after: previous, in: &members)
    if members[member].isEvicted {
      chains[old].evictedCount -= 1
      chains[chain].evictedCount += 1
    }
    requests.setChain(member, id: chains[chain].id, of: members[member].slot)
  }

  private func hasMemberInFlight(
    _ chain: Handle<ChainState>, _ requests: borrowing RequestTracker
  ) -> Bool {
    let last = chains[chain].members.last
    return last != .none && !requests[members[last].slot].request.state.isFinal
  }

  private mutating func forgetIfEvicted(
    _ chain: Handle<ChainState>, _ requests: inout RequestTracker
  ) {
    guard chains[chain].evictedCount == chains[chain].members.count else { return }
    chains[chain].members.giveBackAll(to: &members) { requests.free($0.slot) }
    chains[chain].id = 0
    chains[chain].evictedCount = 0
    chains.give(back: chain)
  }

  #if DEBUG
    /// Traps unless every member of a chain is in the chain's list and the member's request refers
    /// to it.
    ///
    /// - Returns: number of requests that have left the history and are kept for their chain.
    func checkInvariants(_ requests: borrowing RequestTracker) -> Int {
      var seen: Set<Handle<ChainState>> = []
      var (listed, kept) = (0, 0)
      for slot in requests.allHandles {
        let member = requests.chainMember(of: slot)
        guard member != .none else { continue }
        precondition(members.isLive(member), "a request is in a chain that was forgotten")
        precondition(members[member].slot == slot, "a chain holds another request")
        let chain = members[member].chain
        guard seen.insert(chain).inserted else { continue }
        var evicted: UInt32 = 0
        chains[chain].members.checkInvariants(in: members) { member, state in
          precondition(state.chain == chain, "a member is in another chain's list")
          precondition(
            requests.chainMember(of: state.slot) == member,
            "a chain lists a request that is not its member")
          if state.isEvicted { evicted += 1 }
        }
        precondition(evicted == chains[chain].evictedCount, "evicted members are miscounted")
        for broken in [chains[chain].failed, chains[chain].lastCancelled] where broken != .none {
          precondition(members.isLive(broken), "a chain was broken by a member that left")
          precondition(
            members[broken].chain == chain, "the member that broke a chain is in another chain")
        }
        listed += Int(chains[chain].members.count)
        kept += Int(evicted)
      }
      precondition(listed == members.count, "a member is in no chain")
      precondition(seen.count == chains.count, "a chain has no member that is kept")
      return kept
    }
  #endif
}

// MARK: Snapshot

extension ChainTracker {
  /// All chains, oldest first.
  func all(_ requests: borrowing RequestTracker) -> [Chain] {
    var all: [Chain] = []
    all.reserveCapacity(chains.count)
    chains.forEachSlot { chain in
      if chain.members.count > 0 { all.append(self.chain(chain, requests)) }
    }
    all.sort { $0.id < $1.id }
    return all
  }

  private func chain(_ state: ChainState, _ requests: borrowing RequestTracker) -> Chain {
    var all: [Chain.Member] = []
    all.reserveCapacity(Int(state.members.count))
    let cause = cause(of: state, requests)
    let brokenBy = cause == .none ? 0 : requests[members[cause].slot].request.id
    var member = state.members.first
    while member != .none {
      let slot = members[member].slot
      let request = requests[slot].request
      let isCancelled =
        member != cause && brokenBy != 0 && requests.preparationError(of: requests[slot]) == 0
        && (requests[slot].isLinkCancelled
          // -ECANCELED also identifies the head of a chain that broke in preparation, and a request
          // that its link timeout cancelled. A link timeout that was not needed ends with
          // -ECANCELED too, but is not a cancelled member.
          || request.result == -ErrorNumber.canceled.rawValue && request.opcode != .linkTimeout)
      all.append(
        Chain.Member(
          request: request.id, opcode: request.opcode,
          userData: request.userData, isUserDataKnown: request.isUserDataKnown,
          state: requests.request(of: slot).state, result: request.hasResult ? request.result : nil,
          isCancelled: isCancelled))
      member = members[member].link.next
    }
    return Chain(id: state.id, ring: state.ring, members: all, brokenBy: brokenBy)
  }

  /// The member that broke the chain; none if the chain is whole.
  private func cause(
    of chain: ChainState, _ requests: borrowing RequestTracker
  ) -> Handle<ChainMember> {
    var member = chain.members.first
    while member != .none {
      // If a member fails in preparation, no request of the chain runs. The cause is then the first
      // such member, not the head, although the head ends with -ECANCELED.
      if requests.preparationError(of: requests[members[member].slot]) != 0 { return member }
      member = members[member].link.next
    }
    member = chain.members.first
    while member != .none {
      let guardian = members[member].link.next
      if guardian != .none {
        let timeout = members[guardian].slot
        if requests[timeout].request.opcode == .linkTimeout, requests[timeout].request.hasResult,
          requests[timeout].request.result == -ErrorNumber.timer.rawValue,
          requests[members[member].slot].request.result == -ErrorNumber.canceled.rawValue
        {
          return guardian
        }
      }
      member = guardian
    }
    return chain.failed
  }
}
