import UringBase
import UringFields
import UringTrace

/// Requests in flight, oldest first.
struct RequestsContent: ListContent {
  static let name = "Requests"
  static let emptyText = EmptyRequestList.inFlight.text(hasEveryRequest: true)
  static var fields: FieldSet<Request> { .requests }

  static func id(_ row: Request) -> UInt64 { row.id }
  static func rows(_ scene: Scene) -> RequestList {
    isSample(scene) ? sample(scene) : scene.snapshot.requests
  }

  /// True if requests end so soon that the snapshot has none in flight. The requests that ended
  /// last are then listed instead.
  static func isSample(_ scene: Scene) -> Bool {
    let recent = scene.snapshot.recent
    return scene.snapshot.requests.isEmpty && scene.minimumAge == 0
      && scene.snapshot.lastSecond.completed >= AverageLoad.fastRate
      && !recent.isEmpty && recent.times(at: 0).last >= sampleStart(scene)
  }

  private static func sample(_ scene: Scene) -> RequestList {
    let recent = scene.snapshot.recent
    let start = sampleStart(scene)
    return recent[
      positions: recent.indices.prefix(sampleSize).prefix { recent.times(at: $0).last >= start }]
  }

  private static let sampleSize = 100

  /// Start of the period, one second, in which requests of a sample must have ended.
  private static func sampleStart(_ scene: Scene) -> UInt64 { scene.now.since(1_000_000_000) }

  /// For a fast load, the list is a momentary picture: the note says what is usual.
  static func note(_ scene: Scene) -> String? {
    if isSample(scene) {
      return emptyText(scene) + peakText(scene, above: 1) + "; these have just ended"
    }
    let rings = scene.ring.map { scene.ring($0).map { [$0] } ?? [] } ?? scene.snapshot.rings
    guard !scene.snapshot.requests.isEmpty, scene.minimumAge == 0,
      let load = AverageLoad(of: rings), load.isFast
    else { return nil }
    return "in flight: \(load.text)"
      + (scene.ring == nil ? peakText(scene, above: load.inFlight) : "")
  }

  /// A clause about the largest number of requests that are known to have been in flight at the
  /// same time; empty if it is not above a number.
  private static func peakText(_ scene: Scene, above least: Double) -> String {
    let peak = peak(scene.snapshot.recent)
    return Double(peak) > least ? ", at times \(Humanise.grouped(peak)) or more" : ""
  }

  /// The maximum number of these ended requests that were in flight at the same time.
  private static func peak(_ ended: RequestList) -> UInt64 {
    var changes: [(time: UInt64, by: Int)] = []
    changes.reserveCapacity(2 * ended.count)
    for position in ended.indices {
      let times = ended.times(at: position)
      changes.append((times.start, 1))
      changes.append((times.last, -1))
    }
    changes.sort { ($0.time, $0.by) < ($1.time, $1.by) }
    var (count, most) = (0, 0)
    for change in changes {
      count += change.by
      most = max(most, count)
    }
    return UInt64(most)
  }

  static func includes(_ scene: Scene) -> (@Sendable (Request) -> Bool)? {
    let (ring, minimumAge, now) = (scene.ring, scene.minimumAge, scene.now)
    if ring == nil, minimumAge == 0 { return nil }
    return { request in
      (ring == nil || request.ring == ring) && request.startTime + minimumAge <= now
    }
  }

  static func emptyText(_ scene: Scene) -> String {
    if scene.selectsRings, scene.snapshot.rings.isEmpty { return EmptyRingList.text }
    return EmptyRequestList.inFlight.text(hasEveryRequest: scene.hasEveryRequest)
      + load(scene.snapshot.rings)
  }

  /// The average number of requests in flight, as text.
  private static func load(_ rings: [Ring]) -> String {
    AverageLoad(of: rings).map { " at this moment; \($0.text)" } ?? ""
  }

  static func hiddenText(_ scene: Scene) -> String? {
    let ring = scene.minimumAge == 0 ? scene.ring.flatMap(scene.ring) : nil
    return emptyText + (scene.ring == nil ? "" : " on the selected ring")
      + (scene.minimumAge == 0 ? "" : " for \(Humanise.duration(scene.minimumAge)) or longer")
      + load(ring.map { [$0] } ?? [])
  }

  static func open(_ row: Request) -> PaneAction { .showRequest(row.id) }

  static let crossing: String? = "Group"
  static func cross(_ row: Request, _ scene: Scene) -> PaneAction { .group(of: row) }

  static let columns: [Column<Request>] = [
    RequestColumns.finding,
    Column(
      "AGE", width: 7, .right, priority: 0,
      order: .number { request, scene in request.age(at: scene.now) }
    ) { request, scene in
      let age = request.age(at: scene.now)
      let text = Humanise.duration(age).ofBound(!request.isStartKnown)
      return Piece(
        text, age >= 10_000_000_000 ? .warning : age >= 1_000_000_000 ? .strong : .normal)
    }.meaning(
      "Time since the submission. `>`: the submission was not seen, so the request is older than this."
    ),
    Column(
      "STATE", width: 10, priority: 1,
      order: .number { request, _ in UInt64(request.state.rawValue) }
    ) { request, _ in
      let state = Names.state(request.state)
      return request.isSuspect ? Piece(state.text + "?", .warning) : state
    }.meaning(
      "The stage that the request has reached; the help (F1) explains each. `?`: records were lost since the last event, so the request may have ended."
    ),
    RequestColumns.opcode, RequestColumns.file, RequestColumns.offset, RequestColumns.length,
    RequestColumns.buffer, RequestColumns.flags, RequestColumns.chain, RequestColumns.group,
    RequestColumns.userData,
    RequestColumns.submitter, RequestColumns.ring,
  ]
}
