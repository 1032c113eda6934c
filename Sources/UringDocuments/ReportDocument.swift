import UringFindings
import UringRecordings
import UringTrace

/// Findings as one JSON document. docs/json.md describes it.
public struct ReportDocument {
  /// Version of the document's layout.
  public static let schema: UInt32 = 2

  /// The end of the watched command.
  public enum CommandEnding: Sendable, Hashable {
    /// It exited with a status.
    case exited(Int32)
    /// A signal killed it.
    case killed(Int32)
    /// It was still running.
    case running
  }

  /// The snapshot that the findings are about.
  public var snapshot: Snapshot
  public var findings: [Finding]
  /// Rules that could not be evaluated.
  public var notEvaluated: [UnevaluatedRule]
  /// The watched command, nil without one.
  public var command: (arguments: [String], ending: CommandEnding)?
  /// Version of the uringtop that writes the document.
  public var toolVersion: String

  public init(
    _ findings: [Finding], in snapshot: Snapshot, notEvaluated: [UnevaluatedRule] = [],
    command: (arguments: [String], ending: CommandEnding)? = nil, toolVersion: String
  ) {
    self.findings = findings
    self.snapshot = snapshot
    self.notEvaluated = notEvaluated
    self.command = command
    self.toolVersion = toolVersion
  }

  /// The document, one terminated line.
  public func encoded() -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      DocumentHeader.write(Self.schema, snapshot, toolVersion, to: &json)
      json.field("lost", snapshot.lost.total)
      json.field("worst", findings.map(\.severity).max().map { "\($0.name)" })
      json.field("counts") { json in
        for severity in Finding.Severity.allCases {
          json.field(severity.name, findings.count { $0.severity == severity })
        }
      }
      json.field("command", command) { json, command in
        json.field("arguments", command.arguments)
        write(command.ending, to: &json)
      }
      json.field("rings", array: concernedRings) { json, ring in
        json.object { json in
          json.field("id", ring.id)
          json.field("pid", ring.ownerTgid == 0 ? nil : ring.ownerTgid)
          json.field("comm", ring.comm)
          json.field("fds", array: ring.descriptorNumbers) { $0.value($1) }
        }
      }
      json.field("findings", array: findings) { json, finding in
        json.object { FindingFields.write(finding, in: snapshot, to: &$0) }
      }
      json.field("not_evaluated", array: notEvaluated) { json, rule in
        json.object { FindingFields.write(rule, to: &$0) }
      }
    }
    json.newline()
    return json.bytes
  }

  private var concernedRings: [Ring] {
    let concerned = Set(findings.flatMap(\.rings))
    return snapshot.rings.filter { concerned.contains($0.id) }
  }

  private func write(_ ending: CommandEnding, to json: inout JSONWriter) {
    var status: Int32?
    var signal: Int32?
    switch ending {
    case .exited(let number): status = number
    case .killed(let number): signal = number
    case .running: break
    }
    json.field("status", status)
    json.field("signal", signal)
  }
}
