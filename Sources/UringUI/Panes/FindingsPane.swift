import UringFields
import UringFindings
import UringTrace

/// The findings, worst first.
struct FindingsContent: ListContent {
  static let name = "Findings"
  static let emptyText = "nothing was found in the last 10 s"

  static let fields: FieldSet<FindingRow> = FieldSet<Finding>.findings.map { $0.finding }

  static func id(_ row: FindingRow) -> UInt64 { row.key.hash }
  static func rows(_ scene: Scene) -> [FindingRow] { scene.findings }

  static func note(_ scene: Scene) -> String? {
    let lines = UnevaluatedRule.lines(scene.notEvaluated)
    return lines.isEmpty ? nil : "not evaluated: " + lines.joined(separator: "; ")
  }

  static func includes(_ scene: Scene) -> (@Sendable (FindingRow) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.finding.rings.contains(ring) }
  }

  static func open(_ row: FindingRow) -> PaneAction { .showFinding(row.key) }

  static func ring(_ row: FindingRow) -> Ring.ID? { row.finding.rings.first }
  static func title(_ row: FindingRow) -> String { "finding \(row.finding.tag)" }

  static let crossing: String? = "Request"

  /// Opens the finding's first request, which shows the finding best.
  static func cross(_ row: FindingRow, _ scene: Scene) -> PaneAction {
    row.finding.requests.first.map { .showRequest($0) } ?? .none
  }

  static let columns: [Column<FindingRow>] = [
    Column(
      "SEV", width: 5, minimum: 4, priority: 0,
      order: .number { row, _ in UInt64(row.finding.severity.rawValue) }
    ) { row, _ in Piece("\(row.finding.severity.name)", row.finding.severity.style) },
    Column(
      "FINDING", width: 19, minimum: 12, priority: 0, order: .text { row, _ in row.finding.tag }
    ) { row, _ in Piece(row.finding.tag, .name) },
    Column(
      "RING", width: 5, minimum: 4, .right, priority: 3,
      order: .number { row, _ in UInt64(row.finding.ring) }
    ) { row, _ in Piece(row.finding.rings.isEmpty ? "" : "\(row.finding.ring)", .faint) }
    .meaning("Id of the ring concerned; of several, the most affected."),
    Column(
      "PROCESS", width: 23, minimum: 8, priority: 4,
      order: .text { row, scene in scene.ring(row.finding.ring)?.comm ?? "" },
      picture: { row, scene, width in
        guard let ring = scene.ring(row.finding.ring) else { return Piece("") }
        let name = ring.comm.isEmpty ? "?" : ring.comm
        return Piece("\(name)/\(ring.ownerTgid)".keepingNumber(width))
      }
    ).meaning("The process that created the ring concerned: name and id."),
    Column(
      "REQS", width: 5, minimum: 4, .right, priority: 5,
      order: .number { row, _ in row.finding.requestCount }
    ) { row, _ in
      Piece(row.finding.requestCount == 0 ? "" : Humanise.count(row.finding.requestCount))
    }.whole,
    Column("WHAT", width: 50, minimum: 12, priority: 0, growth: .toContent) { row, _ in
      Piece(row.finding.summary)
    },
  ]
}

/// The identity of a finding across snapshots.
struct FindingKey: Hashable, Sendable {
  var tag: String
  var ring: Ring.ID
  /// Index among the findings with the same tag and ring.
  var ordinal: Int

  /// A hash that is the same in every run of the program.
  var hash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in tag.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return (hash ^ UInt64(ring) << 16 ^ UInt64(ordinal)) &* 0x100_0000_01b3
  }
}

struct FindingRow: Sendable {
  var key: FindingKey
  var finding: Finding

  /// The mark of a row about which there are findings: `C`, `W` or `i` for the worst. `findings`
  /// must be sorted, worst first.
  static func mark(_ findings: [FindingRow]) -> Piece {
    guard let worst = findings.first?.finding.severity else { return Piece("") }
    let text =
      switch worst {
      case .crit: "C"
      case .warn: "W"
      case .info: "i"
      }
    return Piece(text, worst.style)
  }

  static func rows(_ findings: [Finding]) -> [FindingRow] {
    var counts: [FindingKey: Int] = [:]
    return findings.map { finding in
      var key = FindingKey(tag: finding.tag, ring: finding.ring, ordinal: 0)
      let ordinal = counts[key, default: 0]
      counts[key] = ordinal + 1
      key.ordinal = ordinal
      return FindingRow(key: key, finding: finding)
    }
  }
}

extension Finding.Severity {
  var style: Style {
    switch self {
    case .info: .label
    case .warn: .warning
    case .crit: .alarm
    }
  }
}
