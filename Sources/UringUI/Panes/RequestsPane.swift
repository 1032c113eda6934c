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
      && scene.snapshot.lastSecond.completed >= fastRate
      && !recent.isEmpty && recent.times(at: 0).last >= sampleStart(scene)
  }

  /// Requests completed per second from which on ended requests are listed if none is in flight.
  private static let fastRate = 100.0

  private static func sample(_ scene: Scene) -> RequestList {
    let recent = scene.snapshot.recent
    let start = sampleStart(scene)
    return recent[
      positions: recent.indices.prefix(sampleSize).prefix { recent.times(at: $0).last >= start }]
  }

  private static let sampleSize = 100

  /// Start of the period, one second, in which requests of a sample must have ended.
  private static func sampleStart(_ scene: Scene) -> UInt64 { scene.now.since(1_000_000_000) }

  static func note(_ scene: Scene) -> String? {
    guard isSample(scene) else { return nil }
    let peak = peak(scene.snapshot.recent)
    return emptyText(scene) + (peak < 2 ? "" : ", at least \(Humanise.grouped(peak)) at once")
      + "; these have just ended"
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

  /// The average number of requests in flight, as text. By Little's law it is the rate of the last
  /// second times the mean latency.
  private static func load(_ rings: [Ring]) -> String {
    let busy = rings.filter { $0.lastSecond.completed > 0 && $0.latency.count > 0 }
    let rate = busy.reduce(0) { $0 + $1.lastSecond.completed }
    guard rate >= 1 else { return "" }
    let inFlight = busy.reduce(0) { $0 + $1.lastSecond.completed * $1.latency.mean / 1e9 }
    let mean = Humanise.duration(UInt64(inFlight / rate * 1e9))
    let tenths = UInt64((inFlight * 10).rounded(.up))
    let number = inFlight < 0.1 ? "<0.1" : "about \(tenths / 10).\(tenths % 10)"
    return " at this moment; \(number) on average (\(Humanise.rate(rate))/s × \(mean))"
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
