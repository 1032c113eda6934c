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
    if isSample(scene) { return emptyText(scene) + "; these have just ended" }
    guard !scene.snapshot.requests.isEmpty, scene.minimumAge == 0,
      let load = AverageLoad(in: scene.snapshot, on: scene.ring), load.isFast
    else { return nil }
    return "in flight: \(load.text)"
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
      + load(scene, on: nil)
  }

  /// The average number of requests in flight, as text.
  private static func load(_ scene: Scene, on ring: Ring.ID?) -> String {
    AverageLoad(in: scene.snapshot, on: ring).map { " at this moment; \($0.text)" } ?? ""
  }

  static func hiddenText(_ scene: Scene) -> String? {
    return emptyText + (scene.ring == nil ? "" : " on the selected ring")
      + (scene.minimumAge == 0 ? "" : " for \(Humanise.duration(scene.minimumAge)) or longer")
      + (scene.minimumAge == 0 && scene.ring != nil ? load(scene, on: scene.ring) : "")
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
