import UringFields
import UringTrace

/// All rings, after a row that stands for all of them together.
struct RingsContent: ListContent {
  enum Row: Sendable {
    case all(count: Int)
    case ring(Ring)

    var ring: Ring? {
      if case .ring(let ring) = self { ring } else { nil }
    }
  }

  static let name = "Rings"
  static let pinnedCount = 1
  static let emptyText = ""
  static let initialSort: String? = "SUB/s"
  static let fields: FieldSet<Row> = FieldSet<Ring>.rings.map { $0.ring }

  static func id(_ row: Row) -> UInt64 {
    switch row {
    case .all: 0
    case .ring(let ring): UInt64(ring.id)
    }
  }

  static func rows(_ scene: Scene) -> [Row] {
    // In the rows' own order, closed rings are last.
    let rings = scene.snapshot.rings
    return [.all(count: rings.count)] + rings.lazy.filter { !$0.isClosed }.map { .ring($0) }
      + rings.lazy.filter(\.isClosed).map { .ring($0) }
  }

  static func open(_ row: Row) -> PaneAction { select(row) }

  static func select(_ row: Row) -> PaneAction {
    switch row {
    case .all: .selectRing(nil)
    case .ring(let ring): .selectRing(ring.id)
    }
  }

  static func ring(_ row: Row) -> Ring.ID? { row.ring?.id }
  static func title(_ row: Row) -> String { row.ring.map { "ring \($0.id)" } ?? "all rings" }

  static let crossing: String? = "Finding"

  /// Opens the worst finding about the ring; in the row for all rings, the worst of all findings.
  static func cross(_ row: Row, _ scene: Scene) -> PaneAction {
    let found = row.ring.map { scene.findings(onRing: $0.id) } ?? scene.findings
    return found.first.map { .showFinding($0.key) } ?? .none
  }

  /// A column of numbers. In the row for all rings it is empty or shows a sum.
  private static func number(
    _ title: String, width: Int, priority: Int,
    all: @escaping @Sendable (Snapshot) -> String = { _ in "" },
    style: @escaping @Sendable (Ring) -> Style = { _ in .normal },
    text: @escaping @Sendable (Ring) -> String,
    key: @escaping @Sendable (Ring) -> UInt64
  ) -> Column<Row> {
    Column(
      title, width: width, .right, priority: priority,
      order: .number { row, _ in row.ring.map(key) ?? 0 }
    ) { row, scene in
      guard let ring = row.ring else { return Piece(all(scene.snapshot), .strong) }
      return Piece(text(ring), ring.isClosed ? .faint : style(ring))
    }
  }

  private static func sum(_ value: @escaping @Sendable (Ring) -> UInt64)
    -> @Sendable (Snapshot) -> String
  {
    { snapshot in Humanise.count(snapshot.rings.reduce(UInt64(0)) { $0.addingSaturated(value($1)) })
    }
  }

  static let columns: [Column<Row>] = [
    Column("!", width: 1, priority: 1) { row, scene in
      row.ring.map { FindingRow.mark(scene.findings(onRing: $0.id)) } ?? Piece("")
    }.meaning("The worst finding about the ring: `C` crit, `W` warn, `i` info."),
    number(
      "RING", width: 5, priority: 4, style: { _ in .faint }, text: { "\($0.id)" },
      key: { UInt64($0.id) }
    ).meaning("Id that uringtop gives the ring."),
    number(
      "PID", width: 7, priority: 0, text: { "\($0.ownerTgid)" }, key: { UInt64($0.ownerTgid) }),
    Column(
      "COMMAND", width: 15, minimum: 8, priority: 0, growth: .toContent,
      order: .text { row, _ in row.ring?.comm ?? "" }
    ) { row, scene in
      guard let ring = row.ring else { return Piece("all rings", .strong) }
      let name = ring.comm.isEmpty ? "?" : ring.comm
      if ring.isClosed { return Piece(name, .faint) }
      let worst = scene.findings(onRing: ring.id).first?.finding.severity
      return Piece(name, worst.map { $0 == .info ? .name : $0.style } ?? .name)
    },
    number(
      "FD", width: 6, priority: 1, text: { $0.isClosed ? "closed" : Scene.descriptors(of: $0) },
      key: { UInt64(bitPattern: Int64($0.descriptors.first?.fd ?? -1)) ^ (1 << 63) }
    ).meaning(
      "A descriptor of the ring; after `+`, the number of its other descriptors, in any process. `reg`: the process has no descriptor, only a registered ring index. `-`: none is known. `closed`: the ring was closed."
    ),
    number(
      "SQ", width: 8, priority: 6, style: { $0.sqPending > 0 ? .value : .normal },
      text: { $0.isClosed ? "" : "\($0.sqPending)/\(size($0.sqEntries))" },
      key: { UInt64($0.sqPending) }
    ).meaning(
      "SQEs that the kernel had not taken at the last look; after `/`, the number of entries of the submission queue (`1k` is 1024)."
    ),
    number(
      "CQ", width: 8, priority: 6,
      style: { $0.isOverflowed ? .error : $0.cqPending > 0 ? .value : .normal },
      text: {
        $0.isClosed ? "" : "\($0.cqPending)/\(size($0.cqEntries))\($0.isOverflowed ? "!" : "")"
      },
      key: { UInt64($0.cqPending) }
    ).meaning(
      "CQEs that the program had not taken at the last look; after `/`, the number of entries of the completion queue (`1k` is 1024). `!`: the queue is full, and more CQEs wait in the kernel."
    ),
    number(
      "FILES", width: 6, priority: 8, style: { $0.registeredFiles > 0 ? .normal : .faint },
      text: { "\($0.registeredFiles)" }, key: { UInt64($0.registeredFiles) }),
    number(
      "BUFS", width: 5, priority: 9, style: { $0.registeredBuffers > 0 ? .normal : .faint },
      text: { "\($0.registeredBuffers)" }, key: { UInt64($0.registeredBuffers) }),
    Column("FLAGS", width: 24, minimum: 8, priority: 7, growth: .toContent) { row, _ in
      guard let ring = row.ring else { return Piece("") }
      return Piece(Names.setupFlags(ring.setupFlags), .faint)
    },
    number(
      "INFL", width: 5, priority: 0, all: sum { UInt64($0.inFlight) },
      style: { $0.inFlight > 0 ? .value : .faint },
      text: { Humanise.count(UInt64($0.inFlight)) }, key: { UInt64($0.inFlight) }),
    number(
      "SUB/s", width: 5, priority: 1, all: { Humanise.rate($0.lastSecond.ifMeasured?.submitted) },
      style: { $0.lastSecond.ifMeasured.map { $0.submitted > 0 } ?? false ? .normal : .faint },
      text: { Humanise.rate($0.lastSecond.ifMeasured?.submitted) },
      key: { max(0, $0.lastSecond.submitted).bitPattern }
    ).meaning("Requests submitted per second, in the last second."),
    number(
      "CMP/s", width: 5, priority: 7, all: { Humanise.rate($0.lastSecond.ifMeasured?.completed) },
      style: { $0.lastSecond.ifMeasured.map { $0.completed > 0 } ?? false ? .normal : .faint },
      text: { Humanise.rate($0.lastSecond.ifMeasured?.completed) },
      key: { max(0, $0.lastSecond.completed).bitPattern }
    ).meaning("Requests completed per second, in the last second."),
    number(
      "ERR", width: 5, priority: 3, all: sum { $0.counts.errors },
      style: { $0.counts.errors > 0 ? .error : .faint },
      text: { Humanise.count($0.counts.errors) }, key: { $0.counts.errors }),
    number(
      "OVFL", width: 5, priority: 5, all: sum { $0.counts.overflows },
      style: { $0.counts.overflows > 0 ? .error : .faint },
      text: { Humanise.count($0.counts.overflows) }, key: { $0.counts.overflows }),
    number(
      "p50", width: 6, priority: 4, style: { $0.latency.count > 0 ? .normal : .faint },
      text: { $0.latency.count > 0 ? Humanise.duration($0.latency.p50) : "-" },
      key: { $0.latency.p50 }),
    number(
      "p99", width: 6, priority: 2, style: { $0.latency.count > 0 ? .normal : .faint },
      text: { $0.latency.count > 0 ? Humanise.duration($0.latency.p99) : "-" },
      key: { $0.latency.p99 }),
  ]

  /// A number of queue entries in short form: 128, 4k, 32k.
  private static func size(_ entries: UInt32) -> String {
    entries >= 1_024 && entries % 1_024 == 0 ? "\(entries / 1_024)k" : "\(entries)"
  }
}
