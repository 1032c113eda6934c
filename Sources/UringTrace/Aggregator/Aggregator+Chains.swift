import CRecord

/// Handlers of records about chains of linked requests.
extension Aggregator {
  /// Appends a request to its chain. The record names the chain's head on 6.1, and the previous
  /// member on later kernels. In both cases the request is the newest member of the chain, and so
  /// the last.
  mutating func link(_ record: UnsafePointer<record_link>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    guard let slot = enterRequest(header, ring: ring, &event) else { return }
    requests.addStep(.linked, to: slot, time: header.time_ns, tid: header.tid)
    requests[slot].request.state = .linked
    requests.forgetFileOfSubmission(of: slot)
    event.name(requests[slot])

    guard requests.chainMember(of: slot) == .none else { return }
    if let first = requests.inFlight(at: record.pointee.target), first != slot,
      requests[first].ring == ring
    {
      event.value = Int64(truncatingIfNeeded: requests[first].request.id)
      chains.linked(slot, behind: first, &requests)
      let previous = requests[first]
      lending.linked(&requests[slot], behind: previous)
      fuse.postponed(requests[slot], &lending)
    } else {
      // The submission record of the request at `target` was lost. On 6.1 the next `link` record of
      // the chain can name the same target.
      chains.linked(slot, behindUnseen: record.pointee.target, &requests)
    }
  }

  /// Adds a request to a chain, directly behind the request at the address `target`. An inventory
  /// walk (BPF iterator over kernel structures) found the two requests linked in this order.
  mutating func link(_ slot: Handle<RequestSlot>, behind target: UInt64) {
    guard requests.chainMember(of: slot) == .none, let first = requests.inFlight(at: target),
      first != slot, requests[first].ring == requests[slot].ring
    else { return }
    chains.found(slot, behind: first, &requests)
  }

  /// Handles the break of a chain. The record's `link` is the request that is cancelled. The
  /// record's `req` is the request that failed; if a later member failed in preparation, `req` is
  /// the chain's head.
  mutating func failLink(_ record: UnsafePointer<record_fail_link>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    // The failed request has usually posted its CQE already. The kernel reuses the failed request's
    // memory only after this record, so the last request at the address is still the failed one.
    let failed = requests.latest(at: header.req).flatMap { requests[$0].ring == ring ? $0 : nil }
    if let failed { event.name(requests[failed]) }
    guard let cancelled = requests.inFlight(at: record.pointee.link),
      requests[cancelled].ring == ring
    else { return }
    event.value = Int64(truncatingIfNeeded: requests[cancelled].request.id)
    requests[cancelled].isLinkCancelled = true
    requests.addStep(.linkCancelled, to: cancelled, time: header.time_ns, tid: header.tid)

    guard let failed, failed != cancelled else {
      chains.broke(cancelling: cancelled, &requests)
      return
    }
    if chains.broke(at: failed, cancelling: cancelled, &requests) {
      requests.addFailure(to: failed, time: header.time_ns, tid: header.tid)
    }
    // If the failed request has IOSQE_CQE_SKIP_SUCCESS, the requests behind it end without CQEs.
    if requests[failed].request.flags & UInt64(SQEFlags.cqeSkipSuccess.rawValue) != 0 {
      requests[cancelled].isSilent = true
    }
  }
}

extension RequestTracker {
  /// Adds a `linkFailed` step to the failed request. The request has usually ended before this
  /// step; its `lastTime` must remain the time of its end.
  fileprivate mutating func addFailure(
    to slot: Handle<RequestSlot>, time: UInt64, tid: UInt32
  ) {
    let end = self[slot].request.lastTime
    addStep(.linkFailed, to: slot, time: time, tid: tid)
    if self[slot].request.state.isFinal { self[slot].request.lastTime = end }
  }
}
