import CRecord

/// Files of requests, and the findings of inventory walks (BPF iterators over kernel structures).
extension RequestTracker {
  func files(of slot: Handle<RequestSlot>) -> RequestFiles { self[seen: slot].files }

  mutating func changeFiles(
    of slot: Handle<RequestSlot>, _ body: (inout RequestFiles) -> Void
  ) {
    body(&self[seen: slot].files)
  }

  /// Sets the input file of SPLICE or TEE. A file that was derived from a descriptor never replaces
  /// one that was observed.
  mutating func setInput(_ file: FileIdentity, of slot: Handle<RequestSlot>, isDerived: Bool) {
    let known = files(of: slot).known
    guard !isDerived || !known.contains(.input) || known.contains(.derivedInput) else { return }
    changeExtra(of: slot) { $0.input = file }
    changeFiles(of: slot) { $0.noteInput(isDerived: isDerived) }
  }

  mutating func forgetFileOfSubmission(of slot: Handle<RequestSlot>) {
    guard files(of: slot).known.contains(.ofSubmission) else { return }
    changeFiles(of: slot) { $0.forgetFileOfSubmission() }
  }

  func pollEvents(of slot: Handle<RequestSlot>) -> UInt32 {
    let known = slots[slot].request.pollEvents
    return known != 0 ? known : self[seen: slot].pollEvents
  }

  /// Records the ``Place`` at which a walk found a request, and the request's file. Writes nothing
  /// if the walk found the same as the previous walk, which is the usual case.
  mutating func see(_ slot: Handle<RequestSlot>, _ record: UnsafePointer<record_parked>) {
    let place = Place(record.pointee.place)
    let before = self[seen: slot]
    var sighting = before
    if before.place(lastEvent: slots[slot].request.lastTime) != place {
      sighting.set(place, at: record.pointee.base.time_ns)
      sightings.noteWalk(at: record.pointee.base.time_ns)
    }
    sighting.workerTid = place == .workerRunning ? record.pointee.base.tid : 0
    sighting.expiryTime = record.pointee.expires_ns
    let events = record.pointee.poll_events
    if events != 0, place == .poll || place == .taskWork {
      if slots[slot].request.pollEvents == 0 {
        sighting.pollEvents = events
      } else if slots[slot].request.pollEvents != events {
        slots[slot].request.pollEvents = events
      }
    }
    if let file = FileIdentity(record.pointee.file) { sighting.files.set(file) }
    if sighting != before { self[seen: slot] = sighting }
    let state = slots[slot].request.state
    if state != .awaitingNotification, state != place.state,
      !place.isReachedUnseen(from: state)
    {
      slots[slot].request.state = place.state
    }
  }

  /// Forgets the place at which a walk saw the request. Called for an event that is not newer than
  /// the walk. The event shows that the request moved, but not whether it moved before or after the
  /// walk saw it.
  @inline(never)
  mutating func forgetPlace(of slot: Handle<RequestSlot>) {
    if self[seen: slot].place(lastEvent: 0) != .unknown {
      self[seen: slot].set(.unknown, at: 0)
    }
  }

  private subscript(seen slot: Handle<RequestSlot>) -> Sighting {
    get { sightings[slot, of: slots[slot].request.id] }
    set { sightings[slot, of: slots[slot].request.id] = newValue }
  }
}
