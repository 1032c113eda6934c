import CRecord

/// Chains of linked requests.
extension Aggregator {
  /// More members than a submission queue can hold (32,768): the record is wrong.
  private static var longestChain: UInt32 { 1 << 16 }

  /// A request was put behind another one of the same chain: its head on 6.1, the previous one later.
  /// Either way it is the newest, so it comes last.
  mutating func link(_ record: UnsafePointer<record_link>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    guard let slot = slotInFlight(header, ring: ring) else { return }
    slots[slot].addStep(.linked, time: header.time_ns, tid: header.tid)
    slots[slot].request.state = .linked
    name(slot)

    let target = record.pointee.target
    guard links[slot].chain == noIndex else { return }
    if let position = addresses.find(target), isLive(addresses[position]),
      addresses[position].mark == EntryMark.request, addresses[position].index != slot,
      slots[addresses[position].index].ring == ring
    {
      let first = addresses[position].index
      events.current.value = Int64(truncatingIfNeeded: slots[first].request.id)
      if links[first].chain == noIndex { append(first, to: newChain(ring)) }
      append(slot, to: links[first].chain)
      followLeader(slot, behind: first)
      postponeAnswer(slot)
    } else {
      // The target's submission was lost. On 6.1 the next one can name it again.
      let strange = rings[ring].strangeChain
      if rings[ring].strangeTarget == target, strange != noIndex,
        chains[strange].id == rings[ring].strangeChainID, hasMemberInFlight(strange)
      {
        append(slot, to: strange)
      } else {
        let chain = newChain(ring)
        append(slot, to: chain)
        rings[ring].strangeChain = chain
        rings[ring].strangeChainID = chains[chain].id
        rings[ring].strangeTarget = target
      }
    }
  }

  /// A request was found behind another one, whose address is `target`.
  mutating func link(_ slot: UInt32, behind target: UInt64) {
    guard links[slot].chain == noIndex, let position = addresses.find(target),
      isLive(addresses[position]), addresses[position].mark == EntryMark.request,
      addresses[position].index != slot,
      links[addresses[position].index].ring == links[slot].ring
    else { return }
    let first = addresses[position].index
    if links[first].chain == noIndex { append(first, to: newChain(links[slot].ring)) }
    join(slot, to: links[first].chain, after: first)
  }

  /// A chain broke: `link` is cancelled because of `req`, or because of one that failed in
  /// preparation.
  mutating func failLink(_ record: UnsafePointer<record_fail_link>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    // The failed request's CQE comes first as a rule; its memory is not reused before this.
    let failed = latestSlot(at: header.req).flatMap { slots[$0].ring == ring ? $0 : nil }
    var cancelled: UInt32?
    if let position = addresses.find(record.pointee.link), isLive(addresses[position]),
      addresses[position].mark == EntryMark.request,
      slots[addresses[position].index].ring == ring
    {
      cancelled = addresses[position].index
    }
    if let failed { name(failed) }
    guard let cancelled else { return }
    events.current.value = Int64(truncatingIfNeeded: slots[cancelled].request.id)
    slots[cancelled].isLinkCancelled = true
    slots[cancelled].addStep(.linkCancelled, time: header.time_ns, tid: header.tid)

    guard let failed, failed != cancelled else {
      if links[cancelled].chain == noIndex { append(cancelled, to: newChain(ring)) }
      return
    }
    if links[failed].chain == noIndex { append(failed, to: newChain(ring)) }
    let chain = links[failed].chain
    join(cancelled, to: chain, after: failed)
    if chains[chain].failed != failed {
      chains[chain].failed = failed
      slots[failed].addFailure(time: header.time_ns, tid: header.tid)
    }
    chains[chain].lastCancelled = cancelled
    // With IOSQE_CQE_SKIP_SUCCESS on the one that fails, those behind it end without CQEs.
    if slots[failed].request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0 {
      slots[cancelled].isSilent = true
    }
  }

  /// What ended lets the next one of the chain run, unless it broke the chain.
  @inline(never)
  mutating func releaseNext(after slot: UInt32, time: UInt64) {
    let isHard = slots[slot].request.flags & UInt64(SQEFlags.hardlink.rawValue) != 0
    guard !slots[slot].request.hasResult || slots[slot].request.result >= 0 || isHard else {
      return
    }
    var next = slots[slot].chainNext
    // A link timeout does not run after the request it guards, but beside it.
    while next != noIndex, slots[next].request.opcode == .linkTimeout {
      next = slots[next].chainNext
    }
    guard next != noIndex, slots[next].request.state == .linked else { return }
    slots[next].request.state = .submitted
    slots[next].releasedTime = time
  }

  // MARK: Membership

  private mutating func newChain(_ ring: UInt32) -> UInt32 {
    lastChainID += 1
    let chain = chains.take(ChainState())
    chains[chain] = ChainState(id: lastChainID, ring: rings[ring].ring.id)
    return chain
  }

  private mutating func append(_ slot: UInt32, to chain: UInt32) {
    insert(slot, into: chain, after: chains[chain].last)
  }

  private mutating func insert(_ slot: UInt32, into chain: UInt32, after previous: UInt32) {
    guard chains[chain].count < Self.longestChain else { return }
    let next = previous == noIndex ? chains[chain].first : slots[previous].chainNext
    links[slot].chain = chain
    slots[slot].isPlain = false
    slots[slot].chainPrevious = previous
    slots[slot].chainNext = next
    slots[slot].request.chain = chains[chain].id
    if previous == noIndex { chains[chain].first = slot } else { slots[previous].chainNext = slot }
    if next == noIndex { chains[chain].last = slot } else { slots[next].chainPrevious = slot }
    chains[chain].count += 1
    if slots[slot].isEvicted { chains[chain].evictedCount += 1 }
  }

  private mutating func remove(_ slot: UInt32) {
    let chain = links[slot].chain
    let (previous, next) = (slots[slot].chainPrevious, slots[slot].chainNext)
    if previous == noIndex { chains[chain].first = next } else { slots[previous].chainNext = next }
    if next == noIndex {
      chains[chain].last = previous
    } else {
      slots[next].chainPrevious = previous
    }
    chains[chain].count -= 1
    if slots[slot].isEvicted { chains[chain].evictedCount -= 1 }
    if chains[chain].failed == slot { chains[chain].failed = noIndex }
    if chains[chain].lastCancelled == slot { chains[chain].lastCancelled = noIndex }
    links[slot].chain = noIndex
  }

  /// Brings a cancelled request, and what is chained behind it, into the chain of the failed one.
  ///
  /// A request that fails in preparation joins its chain without a link event; only the breaking,
  /// which names all members in order, tells where it belongs.
  private mutating func join(_ slot: UInt32, to chain: UInt32, after failed: UInt32) {
    guard links[slot].chain != chain else { return }
    var place = failed
    if chains[chain].failed == failed, chains[chain].lastCancelled != noIndex {
      place = chains[chain].lastCancelled
    }
    let old = links[slot].chain
    var member = slot
    while member != noIndex {
      let next = old == noIndex ? noIndex : slots[member].chainNext
      if old != noIndex { remove(member) }
      insert(member, into: chain, after: place)
      if links[member].chain == chain { place = member }
      member = next
    }
    if old != noIndex { forgetChainIfEvicted(old) }
  }

  private func hasMemberInFlight(_ chain: UInt32) -> Bool {
    let last = chains[chain].last
    return last != noIndex && links[last].chain == chain && !slots[last].request.state.isFinal
  }

  /// A chain goes with the last of its members: until then all are kept.
  mutating func forgetChainIfEvicted(_ chain: UInt32) {
    guard chains[chain].evictedCount == chains[chain].count else { return }
    var slot = chains[chain].first
    while slot != noIndex {
      let next = slots[slot].chainNext
      free(slot)
      slot = next
    }
    chains[chain].first = noIndex
    chains[chain].last = noIndex
    chains[chain].count = 0
    chains.give(back: chain)
  }

  // MARK: What a chain shows

  func chain(_ index: UInt32) -> Chain {
    let state = chains[index]
    var members: [Chain.Member] = []
    members.reserveCapacity(Int(state.count))
    let cause = cause(of: state)
    let brokenBy = cause == noIndex ? 0 : slots[cause].request.id
    var slot = state.first
    while slot != noIndex {
      let request = slots[slot].request
      let isCancelled =
        slot != cause && brokenBy != 0 && request.preparationError == 0
        && (slots[slot].isLinkCancelled
          // The head of a chain that broke in preparation, and what a link timeout cancelled. A
          // link timeout that was not needed ends so too; that is no failure.
          || request.result == -ErrorNumber.canceled.rawValue && request.opcode != .linkTimeout)
      members.append(
        Chain.Member(
          request: request.id, opcode: request.opcode, userData: request.userData,
          state: request.state, result: request.hasResult ? request.result : nil,
          isCancelled: isCancelled))
      slot = slots[slot].chainNext
    }
    return Chain(id: state.id, ring: state.ring, members: members, brokenBy: brokenBy)
  }

  /// The slot of the request that broke the chain, ``noIndex`` if none did.
  private func cause(of chain: ChainState) -> UInt32 {
    var slot = chain.first
    while slot != noIndex {
      // Nothing of a chain runs if one of it fails in preparation: the first such is the cause, and
      // not the head, which is failed with -ECANCELED.
      if slots[slot].request.preparationError != 0 { return slot }
      slot = slots[slot].chainNext
    }
    slot = chain.first
    while slot != noIndex {
      let guardian = slots[slot].chainNext
      if guardian != noIndex, slots[guardian].request.opcode == .linkTimeout,
        slots[guardian].request.hasResult,
        slots[guardian].request.result == -ErrorNumber.timer.rawValue,
        slots[slot].request.result == -ErrorNumber.canceled.rawValue
      {
        return guardian
      }
      slot = guardian
    }
    return chain.failed
  }
}

extension RequestSlot {
  /// Named as the failed request: after its end as a rule, which stays the end.
  fileprivate mutating func addFailure(time: UInt64, tid: UInt32) {
    let end = request.lastTime
    addStep(.linkFailed, time: time, tid: tid)
    if request.state.isFinal { request.lastTime = end }
  }
}
