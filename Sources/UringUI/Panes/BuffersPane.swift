import UringTrace

/// The buffers that rings have registered or been provided with.
struct BuffersContent: ListContent {
  static let name = "Buffers"
  static let emptyText = "no buffers are registered or provided"

  static func id(_ row: Buffer) -> UInt64 { row.key.id }
  static func rows(_ scene: Scene) -> [Buffer] { scene.snapshot.buffers }

  static func includes(_ scene: Scene) -> (@Sendable (Buffer) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.ring == ring }
  }

  static func open(_ row: Buffer) -> PaneAction { .showBuffer(row.key) }

  static let crossing: String? = "Users"

  /// To the group that shows who has it, else to the buffer and its borrowers.
  static func cross(_ row: Buffer, _ scene: Scene) -> PaneAction {
    row.group != 0 && scene.group(row.group) != nil
      ? .showGroup(row.group, member: row.borrowers.first ?? 0) : .showBuffer(row.key)
  }

  static let columns: [Column<Buffer>] = [
    Column(
      "INDEX", width: 9, minimum: 6, priority: 0,
      order: .number { buffer, _ in UInt64(buffer.index) }
    ) { buffer, _ in Piece(Names.index(buffer), buffer.isWithdrawn ? .warning : .strong) },
    Column(
      "MEMORY", width: 18, minimum: 14, priority: 1, growth: .toContent,
      order: .number { buffer, _ in buffer.address },
      picture: { buffer, _, width in memory(buffer, width: width) }),
    Column(
      "LEN", width: 7, minimum: 5, .right, priority: 1,
      order: .number { buffer, _ in buffer.length }
    ) { buffer, _ in Piece(buffer.length == 0 ? "" : Humanise.exactBytes(buffer.length)) },
    Column(
      "REFS", width: 5, minimum: 4, .right, priority: 0,
      order: .number { buffer, _ in references(buffer) }
    ) { buffer, _ in
      let count = references(buffer)
      return Piece(Humanise.count(count), count > 0 ? .value : .faint)
    },
    Column("BORROWERS", width: 16, minimum: 9, priority: 2, growth: .toContent) { buffer, _ in
      Piece(borrowers(buffer), .label)
    },
    Column(
      "LAST USE", width: 8, minimum: 8, .right, priority: 3,
      order: .number { buffer, _ in buffer.lastUseTime }
    ) { buffer, scene in
      Piece(
        buffer.lastUseTime == 0 ? "never" : Humanise.duration(scene.age(since: buffer.lastUseTime)),
        buffer.lastUseTime == 0 ? .faint : .normal)
    },
    Column(
      "USED", width: 6, minimum: 5, .right, priority: 2,
      order: .number { buffer, _ in buffer.useCount }
    ) { buffer, _ in
      Piece(Humanise.count(buffer.useCount), buffer.useCount > 0 ? .normal : .faint)
    },
    Column("LEFT", width: 9, minimum: 7, .right, priority: 5) { buffer, _ in left(buffer) },
    Column("STATE", width: 14, minimum: 9, priority: 4, growth: .toContent) { buffer, _ in
      state(buffer)
    },
    Column("KIND", width: 14, minimum: 10, priority: 8) { buffer, _ in
      Piece(Names.kind(buffer.kind), .faint)
    },
    Column("SEGS", width: 5, minimum: 4, .right, priority: 9) { buffer, _ in
      Piece(buffer.segments == 0 ? "" : "\(buffer.segments)")
    },
    Column("TAG", width: 10, minimum: 6, .right, priority: 10) { buffer, _ in
      Piece(buffer.tag == 0 ? "" : Humanise.hex(buffer.tag))
    },
    Column(
      "GROUP", width: 7, minimum: 5, .right, priority: 6,
      order: .number { buffer, _ in buffer.group }
    ) { buffer, _ in Piece(buffer.group == 0 ? "" : "\(buffer.group)", .label) },
    Column(
      "RING", width: 5, minimum: 4, .right, priority: 7,
      order: .number { buffer, _ in UInt64(buffer.ring) }
    ) { buffer, _ in Piece("\(buffer.ring)", .faint) },
  ]

  /// The address, or whose kernel memory it is.
  static func memory(_ buffer: Buffer, width: Int) -> Piece {
    if buffer.isKernel { return Piece("\(buffer.provider.title)", .name) }
    return Piece(buffer.address == 0 ? "" : Humanise.hex(buffer.address).tail(width))
  }

  /// As the kernel counted, else as seen.
  static func references(_ buffer: Buffer) -> UInt64 {
    buffer.references.map { UInt64($0) } ?? UInt64(buffer.borrowers.count)
  }

  /// "2259 2261 +3".
  static func borrowers(_ buffer: Buffer) -> String {
    let shown = buffer.borrowers.prefix(3).map { "\($0)" }
    let rest = buffer.borrowers.count - shown.count
    return (shown + (rest > 0 ? ["+\(rest)"] : [])).joined(separator: " ")
  }

  /// Provided buffers: how many there are to choose from.
  static func left(_ buffer: Buffer) -> Piece {
    guard buffer.kind != .registered, buffer.buffersLeft != nil || buffer.bufferCount > 0 else {
      return Piece("")
    }
    let left = buffer.buffersLeft.map { "\($0)" } ?? "?"
    return Piece(
      buffer.bufferCount > 0 ? "\(left)/\(buffer.bufferCount)" : left,
      buffer.buffersLeft == 0 ? .error : .normal)
  }

  static func state(_ buffer: Buffer) -> Piece {
    if buffer.isWithdrawn { return Piece("withdrawn", .warning) }
    if buffer.exhaustedCount > 0 {
      return Piece("exhausted ×\(Humanise.count(buffer.exhaustedCount))", .error)
    }
    if buffer.sharers > 1 { return Piece("shared by \(buffer.sharers)", .label) }
    return Piece("")
  }
}
