import UringBase
import UringFields
import UringTrace

/// Ended requests, newest first.
struct RecentContent: ListContent {
  static let name = "Recent"
  static let emptyText = EmptyRequestList.ended.text(hasEveryRequest: true)
  static var fields: FieldSet<Request> { .requests }

  static func emptyText(_ scene: Scene) -> String {
    EmptyRequestList.ended.text(hasEveryRequest: scene.hasEveryRequest)
  }

  static func id(_ row: Request) -> UInt64 { row.id }
  static func rows(_ scene: Scene) -> RequestList { scene.snapshot.recent }

  static func includes(_ scene: Scene) -> (@Sendable (Request) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.ring == ring }
  }

  static func open(_ row: Request) -> PaneAction { .showRequest(row.id) }

  static let crossing: String? = "Group"
  static func cross(_ row: Request, _ scene: Scene) -> PaneAction { .group(of: row) }

  private static func took(_ request: Request) -> UInt64 {
    request.lastTime.since(request.startTime)
  }

  static let columns: [Column<Request>] = [
    RequestColumns.finding,
    Column(
      "ENDED", width: 7, .right, priority: 3,
      order: .number { request, scene in scene.age(since: request.lastTime) }
    ) { request, scene in Piece(Humanise.duration(scene.age(since: request.lastTime)), .faint) }
    .meaning("Time since the request ended."),
    Column("TOOK", width: 7, .right, priority: 0, order: .number { request, _ in took(request) }) {
      request, _ in Piece(Humanise.duration(took(request)).ofBound(!request.isStartKnown))
    }.showing("age").meaning(
      "Time from the submission to the end. `>`: the submission was not seen, so the request took longer than this."
    ),
    Column(
      "STATE", width: 10, priority: 5,
      order: .number { request, _ in UInt64(request.state.rawValue) }
    ) { request, _ in Names.state(request) }
    .meaning(
      "How the request ended: `completed` (its CQE was put into the queue), `overflowed` (its CQE did not fit), `skipped` (no CQE, as requested), or `ended` (no event showed how). `◌`: the end was inferred."
    ),
    RequestColumns.opcode,
    Column(
      "RESULT", width: 13, minimum: 10, .right, priority: 0,
      order: .signed { request, _ in request.hasResult ? Int64(request.result) : .max }
    ) { request, _ in Names.result(request) },
    RequestColumns.file, RequestColumns.offset, RequestColumns.length, RequestColumns.buffer,
    RequestColumns.flags, RequestColumns.chain, RequestColumns.group, RequestColumns.userData,
    RequestColumns.submitter,
    RequestColumns.ring,
  ]
}
