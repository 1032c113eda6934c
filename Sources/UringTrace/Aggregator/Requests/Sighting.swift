/// Facts about a request from inventory walks (BPF iterators over kernel structures) and from
/// look-ups of files.
struct Sighting: Equatable, Sendable, BitwiseCopyable {
  /// The request to which these facts apply; 0 for none.
  fileprivate(set) var owner: Request.ID = 0
  /// Time at which a walk saw the request at ``place``.
  private var time: UInt64 = 0
  var expiryTime: UInt64 = 0
  var files = RequestFiles()
  private var place = Place.unknown
  /// Events (`POLL*`) that the armed poll waits for. Set only if a walk found the poll armed and no
  /// event of the request has reported it.
  var pollEvents: UInt32 = 0
  var workerTid: UInt32 = 0

  /// The place; unknown if an event about the request is newer than the walk.
  func place(lastEvent: UInt64) -> Place { time >= lastEvent ? place : .unknown }

  mutating func set(_ place: Place, at time: UInt64) {
    self.place = place
    self.time = time
  }
}

/// The ``Sighting`` of each request that has one.
///
/// Kept in a table of its own, not in the request slots: a walk sees all requests, but should not
/// make the aggregator copy the pages of slots that it shares with a snapshot.
struct Sightings: Sendable {
  private var table = PagedTable(empty: Sighting())
  /// Time of the newest walk that found a request at another place than before.
  private(set) var lastWalk: UInt64 = 0

  /// The sighting of a request; empty if the table has only that of an earlier request in this
  /// slot.
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

  mutating func noteWalk(at time: UInt64) { lastWalk = max(lastWalk, time) }
}
