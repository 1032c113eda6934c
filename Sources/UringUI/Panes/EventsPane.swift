import CRecord
import UringFields
import UringTrace

/// The last events, the newest at the end.
struct EventsContent: ListContent {
  static let name = "Events"
  static let followsTail = true
  static let emptyText = "no events yet"

  static var fields: FieldSet<Event> { .events }

  /// Events have no ids. The id is made of time, kind and thread, because events at the same
  /// nanosecond differ in kind or thread.
  static func id(_ row: Event) -> UInt64 {
    row.time ^ (UInt64(row.tid) << 32) ^ (UInt64(row.kind.rawValue) << 56)
  }

  static func rows(_ scene: Scene) -> [Event] { scene.snapshot.events }

  static func includes(_ scene: Scene) -> (@Sendable (Event) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.ring == ring }
  }

  static func open(_ row: Event) -> PaneAction {
    row.request == 0 ? .none : .showRequest(row.request)
  }

  static func ring(_ row: Event) -> Ring.ID? { row.ring == 0 ? nil : row.ring }
  static func title(_ row: Event) -> String { "event: \(Names.event(row.kind).text)" }

  static let crossing: String? = "Group"
  static func cross(_ row: Event, _ scene: Scene) -> PaneAction {
    scene.request(row.request).map { .group(of: $0) } ?? .none
  }

  static let columns: [Column<Event>] = [
    Column("TIME", width: 13, minimum: 11, .right, priority: 0) { row, scene in
      Piece(Clock.offset(row.time, from: scene.snapshot.host.startTime), .faint)
    }.meaning("Time of the event, from the start of the observation."),
    Column(
      "EVENT", width: 16, minimum: 12, priority: 0,
      order: .text { row, _ in Names.event(row.kind).text }
    ) { row, _ in Names.event(row.kind) },
    Column(
      "RING", width: 5, .right, priority: 2, order: .number { row, _ in UInt64(row.ring) }
    ) { row, _ in Piece(row.ring == 0 ? "" : "\(row.ring)") },
    Column(
      "OPCODE", width: 14, minimum: 10, priority: 1,
      order: .text { row, _ in Names.opcode(row.opcode) }
    ) { row, _ in
      Piece(row.opcode.isNone ? "" : Names.opcode(row.opcode), .name)
    },
    Column("RESULT", width: 16, minimum: 10, priority: 1, growth: .toContent) { row, _ in
      Names.value(of: row)
    }.meaning(
      "The result of a CQE (with its flags) or call; for other events, a descriptor, size, count, request or flags."
    ),
    Column(
      "REQUEST", width: 9, minimum: 7, .right, priority: 4,
      order: .number { row, _ in row.request }
    ) { row, _ in Piece(row.request == 0 ? "" : "\(row.request)", .label) },
    Column(
      "USER_DATA", width: 18, minimum: 10, .right, priority: 3,
      order: .number { row, _ in row.userData },
      picture: { row, _, width in
        let isNone = row.opcode.isNone && row.userData == 0 || !row.isUserDataKnown
        return Piece(isNone ? "" : RequestColumns.userData(row.userData, width: width))
      }),
    Column(
      "THREAD", width: 20, minimum: 10, priority: 3,
      order: .number { row, _ in UInt64(row.tid) },
      picture: { row, scene, width in Piece(scene.thread(row.tid).keepingNumber(width)) }
    ).meaning("The thread in which the event occurred: name and id."),
  ]
}
