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

  /// The facts that every request has, without a copy of the whole request.
  func core(of slot: Handle<RequestSlot>) -> Request.Core { slots[slot].request }

  subscript(_ slot: Handle<RequestSlot>) -> Request {
    let extra = slots[slot].extra
    return Request(
      slots[slot].request, extra == .none ? Request.Extra() : extras[extra],
      sightings[slot, of: slots[slot].request.id])
  }
}
