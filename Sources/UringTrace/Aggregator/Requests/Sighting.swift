/// What walks and look-ups of files have shown of a request.
struct Sighting: Sendable, BitwiseCopyable {
  /// The request; 0 for none.
  private(set) var owner: Request.ID = 0
  private var place = Place.unknown
  /// Events that poll waits for, of a request that no event has shown poll-armed.
  var pollEvents: UInt32 = 0
  var files = RequestFiles()
  /// When a walk saw the place.
  private var time: UInt64 = 0

  init() {}

  init(of request: Request.ID) { owner = request }

  /// The place; unknown if an event about the request is newer.
  func place(lastEvent: UInt64) -> Place { time >= lastEvent ? place : .unknown }

  mutating func set(_ place: Place, at time: UInt64) {
    self.place = place
    self.time = time
  }
}

/// The ``Sighting`` of each request that has one.
///
/// Kept beside the requests: a walk sees all of them, but should not make the aggregator copy the pages that it shares
/// with a snapshot.
struct Sightings: Sendable {
  private var table = PagedTable(empty: Sighting())
  /// Time of the newest look of a walk.
  private(set) var lastLook: UInt64 = 0

  /// What was seen of a request; nothing if its slot has what was seen of an earlier one.
  subscript(_ slot: Handle<RequestSlot>, of request: Request.ID) -> Sighting {
    let sighting = table[slot.index]
    return sighting.owner == request ? sighting : Sighting()
  }

  mutating func change(
    _ slot: Handle<RequestSlot>, of request: Request.ID, _ body: (inout Sighting) -> Void
  ) {
    var sighting = table[slot.index]
    if sighting.owner != request { sighting = Sighting(of: request) }
    body(&sighting)
    table[slot.index] = sighting
  }

  mutating func set(
    _ place: Place, of slot: Handle<RequestSlot>, _ request: Request.ID, at time: UInt64
  ) {
    lastLook = max(lastLook, time)
    change(slot, of: request) { $0.set(place, at: time) }
  }
}
