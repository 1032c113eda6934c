import UringTrace

/// The tracks of a trace, created when they are first used.
struct Tracks {
  typealias Track = PacketWriter.Track

  /// The tracks of a ring.
  struct RingTracks {
    let track: Track
    var inFlight: Counter
    var sqDepth: Counter
    var cqDepth: Counter
    var requests: Rows
    var groups: Rows
    var waits: ThreadRows
  }

  private let owners: [Ring.ID: PerfettoEncoder.Overview.Owner]
  private var rings: [Ring.ID: Int] = [:]
  private var all: [RingTracks] = []
  private var recent: (ring: Ring.ID, index: Int)?
  private var unnamed: Track?
  /// The tracks of io-wq threads.
  var workers = ThreadRows(parent: 0, "io-wq workers", rank: 1 << 30)

  init(owners: [Ring.ID: PerfettoEncoder.Overview.Owner]) { self.owners = owners }

  subscript(_ index: Int) -> RingTracks {
    _read { yield all[index] }
    _modify { yield &all[index] }
  }

  /// The index of a ring's tracks.
  mutating func ring(_ id: Ring.ID, _ packets: inout PacketWriter) -> Int {
    if let recent, recent.ring == id { return recent.index }
    let index = rings[id] ?? addRing(id, &packets)
    recent = (id, index)
    return index
  }

  /// The track for the findings of a ring: the ring's own track. Ring 0 stands for the track of
  /// findings without a ring.
  mutating func findings(of ring: Ring.ID, _ packets: inout PacketWriter) -> Track {
    if ring != 0 { return self[self.ring(ring, &packets)].track }
    let track = unnamed ?? packets.addTrack("findings without a ring", in: 0, rank: 0)
    unnamed = track
    return track
  }

  private mutating func addRing(_ id: Ring.ID, _ packets: inout PacketWriter) -> Int {
    var name = "ring \(id)"
    if let owner = owners[id] { name += " of \(owner.comm)/\(owner.tgid)" }
    let track = packets.addTrack(name, in: 0, rank: Int(id))
    all.append(
      RingTracks(
        track: track, inFlight: Counter(parent: track, "requests in flight", rank: 0),
        sqDepth: Counter(parent: track, "SQ depth", rank: 1),
        cqDepth: Counter(parent: track, "CQ depth", rank: 2),
        requests: Rows(parent: track, "requests", rank: 3),
        groups: Rows(parent: track, "groups", rank: 4),
        waits: ThreadRows(parent: track, "waits for CQEs", rank: 5)))
    rings[id] = all.count - 1
    return all.count - 1
  }
}

extension Tracks {
  /// A counter track. A value is written only if it changed.
  struct Counter {
    private var parent: Track
    private var name: String
    private var rank: Int
    private var track: Track?
    private var last: UInt32 = 0

    init(parent: Track, _ name: String, rank: Int) {
      (self.parent, self.name, self.rank) = (parent, name, rank)
    }

    mutating func set(_ value: UInt32, at time: UInt64, _ packets: inout PacketWriter) {
      guard value != last || track == nil else { return }
      let track = self.track ?? packets.addTrack(name, in: parent, rank: rank, isCounter: true)
      self.track = track
      last = value
      packets.count(value, on: track, at: time)
    }
  }

  /// Tracks for slices that must not overlap, under one parent.
  struct Rows {
    private let parent: Track
    private let name: String
    private let rank: Int
    private var track: Track?
    private var lanes = Lanes()
    private var laneTracks: [Track] = []

    init(parent: Track, _ name: String, rank: Int) {
      (self.parent, self.name, self.rank) = (parent, name, rank)
    }

    /// A row for a slice that begins at `start`.
    mutating func claim(
      from start: UInt64, _ packets: inout PacketWriter
    ) -> (lane: Int, track: Track) {
      let lane = lanes.claim(from: start)
      if lane == laneTracks.count {
        let parent = track ?? packets.addTrack(name, in: parent, rank: rank)
        track = parent
        laneTracks.append(packets.addTrack("\(name) \(lane + 1)", in: parent, rank: lane))
      }
      return (lane, laneTracks[lane])
    }

    mutating func release(_ lane: Int, at end: UInt64) { lanes.release(lane, at: end) }
  }

  /// Tracks of threads, under one parent. The slices of one thread do not overlap.
  struct ThreadRows {
    private let parent: Track
    private let name: String
    private let rank: Int
    private var track: Track?
    private var threads: [UInt32: (track: Track, end: UInt64)] = [:]

    init(parent: Track, _ name: String, rank: Int) {
      (self.parent, self.name, self.rank) = (parent, name, rank)
    }

    /// The track of a thread, and the end of its last slice.
    mutating func thread(
      _ tid: UInt32, _ text: @autoclosure () -> String, _ packets: inout PacketWriter
    ) -> (track: Track, end: UInt64) {
      if let known = threads[tid] { return known }
      let parent = track ?? packets.addTrack(name, in: parent, rank: rank)
      track = parent
      let new = (packets.addTrack(text(), in: parent, rank: threads.count), UInt64(0))
      threads[tid] = new
      return new
    }

    mutating func note(end: UInt64, of tid: UInt32) { threads[tid]?.end = end }
  }
}
