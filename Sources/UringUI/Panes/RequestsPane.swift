import UringFields
import UringTrace

/// Requests in flight, oldest first.
struct RequestsContent: ListContent {
  static let name = "Requests"
  static let emptyText = "no requests in flight"
  static var fields: FieldSet<Request> { .requests }

  static func id(_ row: Request) -> UInt64 { row.id }
  static func rows(_ scene: Scene) -> RequestList { scene.snapshot.requests }

  static func includes(_ scene: Scene) -> (@Sendable (Request) -> Bool)? {
    let (ring, minimumAge, now) = (scene.ring, scene.minimumAge, scene.now)
    if ring == nil, minimumAge == 0 { return nil }
    return { request in
      (ring == nil || request.ring == ring) && request.startTime + minimumAge <= now
    }
  }

  /// If requests end so soon that snapshots contain none, the load is shown.
  static func emptyText(_ scene: Scene) -> String { emptyText + load(scene.snapshot.rings) }

  /// The average number in flight by Little's law: the rate of the last second times the mean latency.
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
      order: .number { request, scene in scene.age(since: request.startTime) }
    ) { request, scene in
      let age = scene.age(since: request.startTime)
      let text = (request.isStartKnown ? "" : ">") + Humanise.duration(age)
      return Piece(
        text, age >= 10_000_000_000 ? .warning : age >= 1_000_000_000 ? .strong : .normal)
    },
    Column(
      "STATE", width: 10, priority: 1,
      order: .number { request, _ in UInt64(request.state.rawValue) }
    ) { request, _ in
      let state = Names.state(request.state)
      return request.isSuspect ? Piece(state.text + "?", .warning) : state
    },
    RequestColumns.opcode, RequestColumns.file, RequestColumns.offset, RequestColumns.length,
    RequestColumns.buffer, RequestColumns.flags, RequestColumns.chain, RequestColumns.group,
    RequestColumns.userData,
    RequestColumns.submitter, RequestColumns.ring,
  ]
}
