import CRecord

/// Files of requests, and the findings of walks.
extension RequestTracker {
  func files(of slot: Handle<RequestSlot>) -> RequestFiles { self[seen: slot].files }

  mutating func changeFiles(
    of slot: Handle<RequestSlot>, _ body: (inout RequestFiles) -> Void
  ) {
    body(&self[seen: slot].files)
  }

  /// Sets the input file. A derived input never replaces an observed one.
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

  /// Takes over where a walk found a request, and its file. A walk usually finds what the one before it found: then
  /// nothing is written.
  mutating func see(_ slot: Handle<RequestSlot>, _ record: UnsafePointer<record_parked>) {
    let place = Place(record.pointee.place)
    let before = self[seen: slot]
    var sighting = before
    if before.place(lastEvent: slots[slot].request.lastTime) != place {
      sighting.set(place, at: record.pointee.base.time_ns)
      sightings.noteLook(at: record.pointee.base.time_ns)
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

  /// Forgets where a walk saw the request. An event shows that it moves, but not by its time that it moved afterwards.
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
