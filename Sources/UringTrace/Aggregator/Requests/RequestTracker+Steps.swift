/// Steps of requests, and the other facts that only some requests have.
extension RequestTracker {
  @inline(__always)
  mutating func addStep(
    _ kind: Step.Kind, to slot: Handle<RequestSlot>, time: UInt64, tid: UInt32
  ) {
    add(
      Step(time: time, tid: tid, kind: kind), to: slots.mutablePointer(to: slot), handle: slot)
  }

  @inline(__always)
  mutating func add(
    _ step: Step, to slot: UnsafeMutablePointer<RequestSlot>, handle: Handle<RequestSlot>
  ) {
    if step.time <= sightings.lastWalk { forgetPlace(of: handle) }
    let count = slot.pointee.request.stepCount
    if count < StepList.firstCount {
      slot.pointee.request.firstSteps[unchecked: Int(count)] = step
    } else {
      addLater(step, to: slot)
    }
    slot.pointee.request.stepCount &+= 1
    slot.pointee.lastStep = step.kind
    // Records of different CPUs can arrive slightly out of order.
    if step.time > slot.pointee.request.lastTime { slot.pointee.request.lastTime = step.time }
  }

  @inline(never)
  private mutating func addLater(_ step: Step, to slot: UnsafeMutablePointer<RequestSlot>) {
    let index = StepList.laterIndex(of: slot.pointee.request.stepCount)
    extras[extra(of: slot)].laterSteps[index] = step
  }

  /// Returns the handle of the facts that only some requests have (``Request/Extra``). The first
  /// call for a request takes it from the pool.
  private mutating func extra(
    of slot: UnsafeMutablePointer<RequestSlot>
  ) -> Handle<Request.Extra> {
    if slot.pointee.extra == .none {
      slot.pointee.extra = extras.take(Request.Extra())
      extras[slot.pointee.extra].begin()
    }
    return slot.pointee.extra
  }

  mutating func changeExtra(
    of slot: Handle<RequestSlot>, _ body: (inout Request.Extra) -> Void
  ) {
    let extra = extra(of: slots.mutablePointer(to: slot))
    body(&extras[extra])
  }

  /// Returns one of the facts that only some requests have; `absent` if the request has no such
  /// facts.
  @inline(__always)
  private func extra<Fact>(
    of slot: borrowing RequestSlot, absent: Fact, _ fact: (borrowing Request.Extra) -> Fact
  ) -> Fact {
    slot.extra == .none ? absent : fact(extras[slot.extra])
  }

  func preparationError(of slot: borrowing RequestSlot) -> Int32 {
    extra(of: slot, absent: 0) { $0.preparationError }
  }

  func releasedTime(of slot: borrowing RequestSlot) -> UInt64 {
    extra(of: slot, absent: 0) { $0.releasedTime }
  }

  func steps(of slot: borrowing RequestSlot) -> StepList {
    StepList(
      first: slot.request.firstSteps,
      later: extra(of: slot, absent: InlineArray(repeating: StepList.noStep)) { $0.laterSteps },
      total: slot.request.stepCount)
  }

  /// The thread of the last step; 0 without steps.
  func lastTid(of slot: borrowing RequestSlot) -> UInt32 { steps(of: slot).last?.tid ?? 0 }

  /// The request with all its facts.
  func request(of slot: Handle<RequestSlot>) -> Request {
    Request(
      slots[slot].request, extra(of: slots[slot], absent: Request.Extra()) { copy $0 },
      sightings[slot, of: slots[slot].request.id])
  }
}
