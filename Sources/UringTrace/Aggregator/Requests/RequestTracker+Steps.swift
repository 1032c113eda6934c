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
    forgetPlace(of: handle, eventAt: step.time)
    let index = Int(slot.pointee.request.stepCount)
    if index < StepList.firstCount {
      slot.pointee.request.firstSteps[unchecked: index] = step
    } else {
      addLater(step, to: slot)
    }
    slot.pointee.request.stepCount &+= 1
    slot.pointee.lastStep = step.kind
    // Records of different CPUs can arrive slightly out of order.
    if step.time > slot.pointee.request.lastTime { slot.pointee.request.lastTime = step.time }
  }

  /// Forgets where a walk saw the request, if the time of an event about it does not show that it has moved on since.
  @inline(__always)
  mutating func forgetPlace(of slot: Handle<RequestSlot>, eventAt time: UInt64) {
    if time <= places.lastLook { places.forget(slot) }
  }

  @inline(never)
  private mutating func addLater(_ step: Step, to slot: UnsafeMutablePointer<RequestSlot>) {
    let index = Int(slot.pointee.request.stepCount) - StepList.firstCount
    let extra = extra(of: slot)
    extras[extra].laterSteps[min(index, StepList.laterCount - 1)] = step
  }

  /// The facts that only some requests have, made at the first access.
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
    body(&extras[extra(of: slots.mutablePointer(to: slot))])
  }

  func steps(of slot: borrowing RequestSlot) -> StepList {
    StepList(
      first: slot.request.firstSteps,
      later: slot.extra == .none
        ? InlineArray(repeating: StepList.noStep) : extras[slot.extra].laterSteps,
      total: slot.request.stepCount)
  }

  /// The thread of the last step; 0 without steps.
  func lastTid(of slot: borrowing RequestSlot) -> UInt32 { steps(of: slot).last?.tid ?? 0 }

  /// Sets the input file. A derived input never replaces an observed one.
  mutating func setInput(_ file: FileIdentity, of slot: Handle<RequestSlot>, isDerived: Bool) {
    let known = slots[slot].request.knownFiles
    guard !isDerived || !known.contains(.input) || known.contains(.derivedInput) else { return }
    changeExtra(of: slot) { $0.input = file }
    slots[slot].request.knownFiles.insert(.input)
    slots[slot].request.knownFiles.remove(.derivedInput)
    if isDerived { slots[slot].request.knownFiles.insert(.derivedInput) }
  }

  /// The whole request.
  func request(of slot: Handle<RequestSlot>) -> Request {
    let extra = slots[slot].extra
    return Request(
      slots[slot].request, extra == .none ? Request.Extra() : extras[extra],
      place: places[slot, lastEvent: slots[slot].request.lastTime])
  }

  /// Whether a request has these facts.
  func hasExtra(_ slot: Handle<RequestSlot>, workerTid: UInt32, expiryTime: UInt64) -> Bool {
    let extra = slots[slot].extra
    return extra == .none
      ? workerTid == 0 && expiryTime == 0
      : extras[extra].workerTid == workerTid && extras[extra].expiryTime == expiryTime
  }

  /// ``Request/Extra/preparationError`` of the request in a slot.
  func preparationError(of slot: borrowing RequestSlot) -> Int32 {
    slot.extra == .none ? 0 : extras[slot.extra].preparationError
  }

  /// ``Request/Extra/releasedTime`` of the request in a slot.
  func releasedTime(of slot: borrowing RequestSlot) -> UInt64 {
    slot.extra == .none ? 0 : extras[slot.extra].releasedTime
  }
}

/// The requests of a ``RequestTracker`` at one moment.
struct SharedRequests: Sendable {
  private let slots: SharedPool<RequestSlot>
  private let extras: SharedPool<Request.Extra>
  private let places: PlaceTable

  init(
    _ slots: SharedPool<RequestSlot>, _ extras: SharedPool<Request.Extra>, _ places: PlaceTable
  ) {
    self.slots = slots
    self.extras = extras
    self.places = places
  }

  /// What every request has, of the request in a slot.
  func core(of slot: Handle<RequestSlot>) -> Request.Core { slots[slot].request }

  subscript(_ slot: Handle<RequestSlot>) -> Request {
    let extra = slots[slot].extra
    return Request(
      slots[slot].request, extra == .none ? Request.Extra() : extras[extra],
      place: places[slot, lastEvent: slots[slot].request.lastTime])
  }
}
