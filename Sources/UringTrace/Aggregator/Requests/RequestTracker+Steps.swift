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
    if step.time <= sightings.lastLook { forgetPlace(of: handle) }
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

  /// Forgets where a walk saw the request. An event shows that it moves, but not by its time that it moved afterwards.
  @inline(never)
  private mutating func forgetPlace(of slot: Handle<RequestSlot>) {
    let id = slots[slot].request.id
    if sightings[slot, of: id].place(lastEvent: 0) != .unknown {
      sightings.change(slot, of: id) { $0.set(.unknown, at: 0) }
    }
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
    let known = sightings[slot, of: slots[slot].request.id].files.known
    guard !isDerived || !known.contains(.input) || known.contains(.derivedInput) else { return }
    changeExtra(of: slot) { $0.input = file }
    changeFiles(of: slot) { $0.noteInput(isDerived: isDerived) }
  }

  func files(of slot: Handle<RequestSlot>) -> RequestFiles {
    sightings[slot, of: slots[slot].request.id].files
  }

  mutating func changeFiles(
    of slot: Handle<RequestSlot>, _ body: (inout RequestFiles) -> Void
  ) {
    sightings.change(slot, of: slots[slot].request.id) { body(&$0.files) }
  }

  mutating func forgetFileOfSubmission(of slot: Handle<RequestSlot>) {
    guard files(of: slot).known.contains(.ofSubmission) else { return }
    changeFiles(of: slot) { $0.forgetFileOfSubmission() }
  }

  func pollEvents(of slot: Handle<RequestSlot>) -> UInt32 {
    let known = slots[slot].request.pollEvents
    return known != 0 ? known : sightings[slot, of: slots[slot].request.id].pollEvents
  }

  /// Sets what a walk at a time has found. A walk usually finds what the one before it found: then nothing is written.
  ///
  /// - Parameter events: events that poll waits for; 0 if unknown.
  mutating func see(
    _ slot: Handle<RequestSlot>, at place: Place, _ file: FileIdentity?, time: UInt64,
    pollEvents events: UInt32
  ) {
    let id = slots[slot].request.id
    let sighting = sightings[slot, of: id]
    if sighting.place(lastEvent: slots[slot].request.lastTime) != place {
      sightings.set(place, of: slot, id, at: time)
    }
    if events != 0, events != pollEvents(of: slot) {
      if slots[slot].request.pollEvents != 0 {
        slots[slot].request.pollEvents = events
      } else {
        sightings.change(slot, of: id) { $0.pollEvents = events }
      }
    }
    guard let file, file != sighting.files.file || sighting.files.known.contains(.ofSubmission)
    else { return }
    changeFiles(of: slot) { $0.set(file) }
  }

  /// The whole request.
  func request(of slot: Handle<RequestSlot>) -> Request {
    let extra = slots[slot].extra
    return Request(
      slots[slot].request, extra == .none ? Request.Extra() : extras[extra],
      sightings[slot, of: slots[slot].request.id])
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
  private let sightings: Sightings

  init(
    _ slots: SharedPool<RequestSlot>, _ extras: SharedPool<Request.Extra>, _ sightings: Sightings
  ) {
    self.slots = slots
    self.extras = extras
    self.sightings = sightings
  }

  /// What every request has, of the request in a slot.
  func core(of slot: Handle<RequestSlot>) -> Request.Core { slots[slot].request }

  subscript(_ slot: Handle<RequestSlot>) -> Request {
    let extra = slots[slot].extra
    return Request(
      slots[slot].request, extra == .none ? Request.Extra() : extras[extra],
      sightings[slot, of: slots[slot].request.id])
  }
}
