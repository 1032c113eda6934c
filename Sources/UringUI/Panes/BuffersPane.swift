import UringFields
import UringTrace

/// The registered and provided buffers of rings, and their registered files.
struct BuffersContent: ListContent {
  enum Row: Sendable {
    case buffer(Buffer)
    case file(RingFile)
  }

  static let name = "Buffers"
  static let emptyText = "no buffers or files are registered, and no buffers provided"

  /// The fields of buffers and of files. A key that both have becomes one field.
  static let fields: FieldSet<Row> = {
    let files = fileFields.map { (row: Row) in file(row) }
    let buffers = FieldSet<Buffer>.buffers.map { (row: Row) in buffer(row) }
    let shared = buffers.fields.map { field in
      files.fields.first { $0.key == field.key }.map { field.or($0) } ?? field
    }
    let keys = Set(shared.map(\.key))
    return FieldSet("buffers and files", shared + files.fields.filter { !keys.contains($0.key) })
  }()

  private static let fileFields = FieldSet(
    "files",
    [
      Field("ring", .number, .tableOnly, meaning: "Id of the ring that has the registered file.") {
        file, _ in
        .integer(file.ring)
      },
      Field("kind", .text, .tableOnly, meaning: "`file`: a registered file.") { _, _ in
        .text("file")
      },
    ] + FieldSet<RingFile>.files.fields)

  static func fieldsPane(_ row: Row) -> (any Pane)? {
    let id = id(row)
    switch row {
    case .buffer:
      return FieldsPane(title(row), FieldSet<Buffer>.buffers) { find(id, $0).flatMap(buffer) }
    case .file:
      return FieldsPane(title(row), fileFields) { find(id, $0).flatMap(file) }
    }
  }

  static func id(_ row: Row) -> UInt64 {
    switch row {
    case .buffer(let buffer): buffer.key.id
    case .file(let file): 1 << 62 | UInt64(file.ring) << 32 | UInt64(file.file.index)
    }
  }

  static func rows(_ scene: Scene) -> [Row] {
    scene.snapshot.buffers.map { .buffer($0) }
      + scene.snapshot.rings.flatMap { RingFile.all(of: $0, in: scene.snapshot) }.map { .file($0) }
  }

  static func includes(_ scene: Scene) -> (@Sendable (Row) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { self.ring($0) == ring }
  }

  /// Opens a buffer, or the first request that holds a file.
  static func open(_ row: Row) -> PaneAction {
    switch row {
    case .buffer(let buffer): .showBuffer(buffer.key)
    case .file(let file): file.users.first.map { .showRequest($0) } ?? .none
    }
  }

  static let crossing: String? = "Users"

  /// Opens the group of a buffer that is lent. Without a group, does the same as ``open(_:)``.
  static func cross(_ row: Row, _ scene: Scene) -> PaneAction {
    guard case .buffer(let buffer) = row, buffer.group != 0, scene.group(buffer.group) != nil else {
      return open(row)
    }
    return .showGroup(buffer.group, member: buffer.borrowers.first ?? 0)
  }

  static func ring(_ row: Row) -> Ring.ID? {
    switch row {
    case .buffer(let buffer): buffer.ring
    case .file(let file): file.ring
    }
  }

  static func title(_ row: Row) -> String {
    switch row {
    case .buffer(let buffer): "buffer \(Names.index(buffer))"
    case .file(let file): "file \(file.file.index)"
    }
  }

  private static func buffer(_ row: Row) -> Buffer? {
    if case .buffer(let buffer) = row { buffer } else { nil }
  }

  private static func file(_ row: Row) -> RingFile? {
    if case .file(let file) = row { file } else { nil }
  }

  static let columns: [Column<Row>] = bufferColumns.map { column in
    var order: Column<Row>.Order?
    switch column.order {
    case .number(let value)?:
      order = .number { row, scene in
        switch row {
        case .buffer(let buffer): value(buffer, scene)
        case .file(let file): number(column.title, file)
        }
      }
    case .text(let value)?:
      order = .text { row, scene in buffer(row).map { value($0, scene) } ?? "" }
    case nil: break
    }
    return Column(
      column.title, width: column.width, minimum: column.minimumWidth,
      column.alignment == .left ? .left : .right, priority: column.priority,
      growth: column.growth == .toContent ? .toContent : .none, order: order
    ) { row, scene, width in
      switch row {
      case .buffer(let buffer): column.cell(buffer, scene, width)
      case .file(let file): cell(column.title, file, scene, width)
      }
    }.meaning(column.meaning)
  }

  /// The cell for a registered file in a column of buffers.
  private static func cell(
    _ title: String, _ file: RingFile, _ scene: Scene, _ width: Int
  ) -> Piece {
    switch title {
    case "INDEX": Piece("file \(file.file.index)", .strong)
    case "MEMORY":
      Piece(
        (scene.snapshot.fileNames.name(of: file.file, ring: file.ring) ?? "").tail(width), .name)
    case "REFS": Piece(Humanise.count(references(file)), references(file) > 0 ? .value : .faint)
    case "BORROWERS": Piece(list(file.users, width: width), .label)
    case "KIND": Piece("file", .faint)
    case "TAG": Piece(file.file.tag == 0 ? "" : Humanise.hex(file.file.tag))
    case "RING": Piece("\(file.ring)", .faint)
    default: Piece("")
    }
  }

  private static func number(_ title: String, _ file: RingFile) -> UInt64 {
    switch title {
    case "INDEX": UInt64(file.file.index)
    case "REFS": references(file)
    case "RING": UInt64(file.ring)
    default: 0
    }
  }

  /// Number of references to the file: the kernel's count or, if that was not read, its users.
  private static func references(_ file: RingFile) -> UInt64 {
    file.file.references.map { UInt64($0) } ?? UInt64(file.users.count)
  }

  private static let bufferColumns: [Column<Buffer>] = [
    Column(
      "INDEX", width: 9, minimum: 6, priority: 0,
      order: .number { buffer, _ in UInt64(buffer.index) }
    ) { buffer, _ in Piece(Names.index(buffer), buffer.isWithdrawn ? .warning : .strong) }
    .meaning(
      "`#` and the slot in the table of registered buffers; `bgid` and the id of a group of provided buffers; `file` and the slot in the table of registered files."
    ),
    Column(
      "MEMORY", width: 18, minimum: 14, priority: 1, growth: .toContent,
      order: .number { buffer, _ in buffer.address },
      picture: { buffer, _, width in memory(buffer, width: width) }
    ).meaning("The buffer's address, or the driver that owns it; the path of a registered file."),
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
    }.meaning(
      "References that requests hold to the buffer or file, by the kernel's counter; if it was not read, the requests in flight that use it."
    ),
    Column(
      "BORROWERS", width: 16, minimum: 9, priority: 2, growth: .toContent,
      picture: { buffer, _, width in Piece(list(buffer.borrowers, width: width), .label) }
    ).meaning(
      "Ids of the requests in flight that use the buffer or file; `+`: how many more there are."),
    Column(
      "LAST USE", width: 8, minimum: 8, .right, priority: 3,
      order: .number { buffer, _ in buffer.lastUseTime }
    ) { buffer, scene in
      if buffer.lastUseTime == 0 {
        return Piece(isOlder(buffer, scene) ? "not seen" : "never", .faint)
      }
      return Piece(Humanise.duration(scene.age(since: buffer.lastUseTime)))
    }.meaning(
      "Time since a request last completed a use of the buffer. `never`: no request has used it since it was registered. `not seen`: no use has been seen, but it may have been used before uringtop started."
    ),
    Column(
      "USED", width: 6, minimum: 6, .right, priority: 2,
      order: .number { buffer, _ in buffer.useCount }
    ) { buffer, scene in
      Piece(
        (isOlder(buffer, scene) ? "≥" : "") + Humanise.count(buffer.useCount),
        buffer.useCount > 0 ? .normal : .faint)
    }.meaning(
      "Requests that have used the buffer. `≥`: it may also have been used before uringtop started; those uses are not counted."
    ),
    Column("LEFT", width: 9, minimum: 7, .right, priority: 5) { buffer, _ in left(buffer) }
      .meaning(
        "Provided buffers that are left; after `/`, the number in the group. `?` if it is not known how many are left."
      ),
    Column("STATE", width: 14, minimum: 9, priority: 4, growth: .toContent) { buffer, _ in
      state(buffer)
    }.meaning(
      "`withdrawn`: the buffer is no longer in the table, but requests still use it. `exhausted ×3`: three requests found no provided buffer left. `shared by 2`: two rings share the buffer."
    ),
    Column("KIND", width: 14, minimum: 10, priority: 8) { buffer, _ in
      Piece(Names.kind(buffer.kind), .faint)
    }.meaning(
      "`registered`: a slot in the table of registered buffers. `provided, ring`: a buffer ring (IORING_REGISTER_PBUF_RING). `provided`: a group of buffers provided by PROVIDE_BUFFERS requests. `file`: a registered file. Filters name them `registered`, `provided_ring`, `provided_legacy` and `file`."
    ),
    Column("SEGS", width: 5, minimum: 4, .right, priority: 9) { buffer, _ in
      Piece(buffer.segments == 0 ? "" : "\(buffer.segments)")
    }.meaning("Pieces of contiguous memory that the buffer consists of."),
    Column("TAG", width: 10, minimum: 6, .right, priority: 10) { buffer, _ in
      Piece(buffer.tag == 0 ? "" : Humanise.hex(buffer.tag))
    }.meaning(
      "Tag given at registration: the user_data of the CQE that is posted when the kernel releases the buffer or file."
    ),
    Column(
      "GROUP", width: 7, minimum: 5, .right, priority: 6,
      order: .number { buffer, _ in buffer.group }
    ) { buffer, _ in Piece(buffer.group == 0 ? "" : "\(buffer.group)", .label) },
    Column(
      "RING", width: 5, minimum: 4, .right, priority: 7,
      order: .number { buffer, _ in UInt64(buffer.ring) }
    ) { buffer, _ in Piece("\(buffer.ring)", .faint) }
    .meaning("Id of the ring that has the buffer or file."),
  ]

  /// True if requests may have used the buffer before the observation began.
  private static func isOlder(_ buffer: Buffer, _ scene: Scene) -> Bool {
    // A program can add buffers to a group of PROVIDE_BUFFERS at any time, so the group's
    // registration time does not show whether the group is older.
    buffer.registeredTime == 0
      || buffer.kind == .providedLegacy && scene.ring(buffer.ring)?.isFound == true
  }

  /// The address of the buffer, or the owner of kernel memory.
  static func memory(_ buffer: Buffer, width: Int) -> Piece {
    if buffer.isKernel { return Piece("\(buffer.provider.title)", .name) }
    return Piece(buffer.address == 0 ? "" : Humanise.hex(buffer.address).tail(width))
  }

  /// Number of references to the buffer: the kernel's count or, if that was not read, its
  /// borrowers.
  static func references(_ buffer: Buffer) -> UInt64 {
    buffer.references.map { UInt64($0) } ?? UInt64(buffer.borrowers.count)
  }

  /// Up to three ids, as many as there is room for, and how many more there are: "2259 2261 +3".
  private static func list(_ requests: [Request.ID], width: Int) -> String {
    func text(_ shown: Int) -> String {
      let rest = requests.count - shown
      return (requests.prefix(shown).map { "\($0)" } + (rest > 0 ? ["+\(rest)"] : []))
        .joined(separator: " ")
    }
    return (1...3).reversed().map(text).first { $0.utf8.count <= width } ?? text(0)
  }

  /// The number of provided buffers that are left, after `/` that of the group: "3/8".
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
