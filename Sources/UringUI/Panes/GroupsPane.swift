import UringFields
import UringTrace

/// Groups: lenders, buffers and borrowers. Live groups come first, oldest first, then ended groups.
struct GroupsContent: ListContent {
  static let name = "Groups"
  static let emptyText = "no buffer has been lent yet"

  static var fields: FieldSet<RequestGroup> { .groups }

  static func id(_ row: RequestGroup) -> UInt64 { row.id }
  static func rows(_ scene: Scene) -> [RequestGroup] { scene.snapshot.groups }

  static func includes(_ scene: Scene) -> (@Sendable (RequestGroup) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.ring == ring || $0.leader.ring == ring }
  }

  static func open(_ row: RequestGroup) -> PaneAction { .showGroup(row.id, member: 0) }

  static func ring(_ row: RequestGroup) -> Ring.ID? { row.ring }
  static func title(_ row: RequestGroup) -> String { "group \(row.id)" }

  static let crossing: String? = "Request"

  /// Opens the request that holds the buffer; otherwise the leader; otherwise the last member.
  static func cross(_ row: RequestGroup, _ scene: Scene) -> PaneAction {
    let all = [row.holder?.request, row.leader.request, row.members.last?.request]
    return all.compactMap { $0 }.first { $0 != 0 }.map { .showRequest($0) } ?? .none
  }

  static let columns: [Column<RequestGroup>] = [
    Column("AGE", width: 7, .right, priority: 0, order: .number { $0.age($1) }) { group, scene in
      let age = group.age(scene)
      let style: Style =
        group.state.isFinal
        ? .faint : age >= 10_000_000_000 && !group.isLongLived ? .warning : .normal
      return Piece(group.isEndKnown ? Humanise.duration(age) : "?", style)
    }.meaning(
      "Time for which the buffer is or was away from its owner; `?` if its end was not seen."
    ),
    Column(
      "PROVIDER", width: 12, minimum: 9, priority: 1,
      order: .text { group, _ in "\(group.provider.name)" }
    ) { group, _ in Piece("\(group.provider.name)", .name) },
    Column(
      "LEADER", width: 19, minimum: 10, priority: 7, growth: .toContent,
      order: .text { group, _ in Names.leader(group).text }
    ) { group, _ in Names.leader(group) }
    .meaning(
      "The request or call that made the buffer available: its driver command or opcode. `not seen` if that was before uringtop started."
    ),
    Column(
      "DONE", width: 11, minimum: 5, .right, priority: 0,
      order: .number { group, _ in group.doneCount }
    ) { group, _ in
      Piece(
        "\(Humanise.count(group.doneCount))/\(Humanise.count(group.memberCount))",
        group.failedCount > 0 ? .error : group.borrowerCount > 0 ? .strong : .normal)
    }.showing("done_count").whole.meaning(
      "Members (requests that use or have used the buffer) that are done; after `/`, all members so far."
    ),
    Column(
      "BUFFER", width: 12, minimum: 6, priority: 3, growth: .toContent,
      order: .number { group, _ in UInt64(group.buffer.index ?? 0) },
      picture: { group, _, width in
        let text = Names.buffer(group.buffer)
        return Piece(text.displayWidth > width ? Names.slot(group.buffer) : text)
      }
    ).meaning(
      "The lent buffer: `#` and its slot in the table of registered buffers, `bgid` and the id of a group of provided buffers, or its address; for a driver's buffer also the I/O that it belongs to."
    ),
    Column(
      "LEN", width: 6, minimum: 5, .right, priority: 2,
      order: .number { group, _ in group.buffer.length }
    ) { group, _ in
      Piece(group.buffer.length == 0 ? "" : Humanise.exactBytes(group.buffer.length))
    }.showing("buffer.length"),
    Column(
      "MOVED", width: 10, minimum: 5, priority: 4,
      order: .number { group, _ in group.movedBytes },
      picture: { group, _, width in moved(group, width: min(width, 10)) }
    ).showing("moved_bytes").meaning(
      "Bytes that the members moved, as a bar: the share of the buffer's length. `×3`: about three times the length. A number of bytes if the length is unknown."
    ),
    Column(
      "STATE", width: 13, minimum: 11, priority: 0,
      order: .number { group, _ in UInt64(group.state.rawValue) }
    ) { group, _ in Names.state(group) },
    Column(
      "HOLDER", width: 20, minimum: 7, priority: 6, growth: .toContent,
      order: .number { group, scene in group.holder.map { scene.age(since: $0.startTime) } ?? 0 },
      picture: { group, scene, width in holder(group, scene, width: width) }
    ).meaning(
      "The oldest request that still uses the buffer: its opcode, and the time since it was submitted."
    ),
    Column(
      "CONDITIONS", width: 15, minimum: 9, priority: 2, growth: .toContent,
      order: .number { group, _ in UInt64(group.conditions.bits) }
    ) { group, _ in Piece(Names.conditions(group.conditions), group.conditions.style) },
    Column(
      "RING", width: 5, minimum: 4, .right, priority: 8,
      order: .number { group, _ in UInt64(group.ring) }
    ) { group, _ in Piece("\(group.ring)", .faint) },
    Column(
      "GROUP", width: 7, minimum: 5, .right, priority: 9, order: .number { group, _ in group.id }
    ) {
      group, _ in Piece("\(group.id)", .label)
    },
  ]

  /// The share of the buffer's length that was moved, as a bar. If more was moved than the length,
  /// the multiple of it.
  static func moved(_ group: RequestGroup, width: Int) -> Piece {
    let length = group.buffer.length
    if length == 0 {
      return Piece(group.movedBytes == 0 ? "" : Humanise.bytes(group.movedBytes))
    }
    if group.movedBytes > length {
      return Piece("×\(Humanise.count(group.movedBytes / length))", .faint)
    }
    return Piece(Bars.gauge(group.movedBytes, of: length, width: width), .bar)
  }

  /// The opcode of the oldest running member, and how long it has run. If there is little room, the
  /// opcode is cut off.
  private static func holder(_ group: RequestGroup, _ scene: Scene, width: Int) -> Piece {
    guard let holder = group.holder else { return Piece("") }
    let age = Humanise.duration(scene.age(since: holder.startTime))
    let room = width - age.displayWidth - 1
    let name = Names.opcode(holder.opcode)
    if room < 5, name.displayWidth > room { return Piece(age) }
    return Piece((name.displayWidth > room ? name.fitted(to: room) : name) + " " + age)
  }
}
