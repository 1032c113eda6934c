/// Facts about a request that walks over the kernel's structures and look-ups of files have shown.
struct Sighting: Equatable, Sendable, BitwiseCopyable {
  /// The request; 0 for none.
  fileprivate(set) var owner: Request.ID = 0
  /// When a walk saw the place.
  private var time: UInt64 = 0
  var expiryTime: UInt64 = 0
  var files = RequestFiles()
  private var place = Place.unknown
  /// Events that poll waits for, of a request that no event has shown poll-armed.
  var pollEvents: UInt32 = 0
  var workerTid: UInt32 = 0

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
  /// Time of the newest look of a walk that found a request elsewhere than before.
  private(set) var lastLook: UInt64 = 0

  /// The sighting of a request; empty if the slot has only that of an earlier request.
  subscript(_ slot: Handle<RequestSlot>, of request: Request.ID) -> Sighting {
    get {
      let sighting = table[slot.index]
      return sighting.owner == request ? sighting : Sighting()
    }
    set {
      var sighting = newValue
      sighting.owner = request
      table[slot.index] = sighting
    }
  }

  mutating func noteLook(at time: UInt64) { lastLook = max(lastLook, time) }
}
