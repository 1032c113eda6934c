import Foundation
import TestSupport
import Testing
import UringDocuments
import UringFields
import UringFindings
import UringMetrics
import UringTrace

/// The tables in docs and the JSON schemas list exactly the fields that exist. `make golden`
/// regenerates them.
@Suite(.serialized) struct FieldDocumentTests {
  /// Members of the snapshot document whose own members have a separate table.
  private static let sections: Set = [
    "rings", "requests", "recent", "chains", "groups", "buffers", "disk_requests", "waits",
    "system_calls", "latency", "findings",
  ]

  @Test(arguments: [
    ("filters", "events", FieldDocument.table(of: FieldSet<Event>.events)),
    ("filters", "requests", FieldDocument.table(of: FieldSet<Request>.requests)),
    ("filters", "rings", FieldDocument.table(of: FieldSet<Ring>.rings)),
    ("filters", "groups", FieldDocument.table(of: FieldSet<RequestGroup>.groups)),
    ("filters", "buffers", FieldDocument.table(of: FieldSet<Buffer>.buffers)),
    ("filters", "chains", FieldDocument.table(of: FieldSet<Chain>.chains)),
    ("filters", "latency", FieldDocument.table(of: FieldSet<OpcodeLatency>.latency)),
    ("filters", "findings", FieldDocument.table(of: FieldSet<Finding>.findings)),
    ("filters", "disk_requests", FieldDocument.table(of: FieldSet<DiskRequest>.diskRequests)),
    ("filters", "threads", FieldDocument.table(of: FieldSet<ThreadState>.threads)),
    ("filters", "worker_pools", FieldDocument.table(of: FieldSet<WorkerPool>.workerPools)),
    ("filters", "system_calls", FieldDocument.table(of: FieldSet<SystemCalls>.systemCalls)),
    (
      "json", "snapshot",
      FieldDocument.members(of: FieldSet<SnapshotDocument>.document, omitting: sections)
    ),
    ("json", "rings", FieldDocument.members(of: FieldSet<Ring>.rings)),
    ("json", "requests", FieldDocument.members(of: FieldSet<Request>.requests)),
    ("json", "chains", FieldDocument.members(of: FieldSet<Chain>.chains)),
    ("json", "groups", FieldDocument.members(of: FieldSet<RequestGroup>.groups)),
    ("json", "buffers", FieldDocument.members(of: FieldSet<Buffer>.buffers)),
    ("json", "disk_requests", FieldDocument.members(of: FieldSet<DiskRequest>.diskRequests)),
    ("json", "waits", FieldDocument.members(of: FieldSet<Snapshot>.waits)),
    ("json", "system_calls", FieldDocument.members(of: FieldSet<SystemCalls>.systemCalls)),
    ("json", "latency", FieldDocument.members(of: FieldSet<OpcodeLatency>.latency)),
    ("json", "findings", FieldDocument.members(of: FieldSet<Finding>.findings)),
    ("metrics", "metrics", MetricsDocument.table),
    (
      "json", "comparison", FieldDocument.members(of: FieldSet<ComparisonDocument>.document)
    ),
    (
      "json", "report",
      FieldDocument.members(of: FieldSet<ReportDocument>.document, omitting: ["findings"])
    ),
  ])
  func documentHasTheTable(_ document: String, _ name: String, _ table: String) throws {
    try Self.check("docs/\(document).md") { text in
      let marker = "<!-- table \(name) -->\n\n"
      let start = try #require(text.range(of: marker)?.upperBound)
      let end =
        text[start...].hasPrefix("|")
        ? text.range(of: "\n\n", range: start..<text.endIndex)?.lowerBound
          ?? text.index(before: text.endIndex) : start
      let isThere = text[start...].hasPrefix("|")
      let rest = String(text[end...])
      return String(text[..<start]) + table.dropLast() + (isThere ? rest : "\n\n" + rest)
    }
  }

  @Test(arguments: [
    (
      "snapshot",
      SchemaDocument.text("uringtop snapshot --json", of: FieldSet<SnapshotDocument>.document)
    ),
    (
      "report", SchemaDocument.text("uringtop report --json", of: FieldSet<ReportDocument>.document)
    ),
    (
      "comparison",
      SchemaDocument.text("uringtop compare --json", of: FieldSet<ComparisonDocument>.document)
    ),
  ])
  func schemaIsThatOfTheFields(_ name: String, _ schema: String) throws {
    try Self.check("docs/schema/\(name).schema.json") { _ in schema }
  }

  /// Compares a file with its expected text. If URINGTOP_GOLDEN is `capture`, writes the expected
  /// text instead.
  private static func check(_ path: String, _ expected: (String) throws -> String) throws {
    let file = Command.root.appending(path: path)
    let old = try String(contentsOf: file, encoding: .utf8)
    let new = try expected(old)
    if ProcessInfo.processInfo.environment["URINGTOP_GOLDEN"] == "capture" {
      try new.write(to: file, atomically: true, encoding: .utf8)
    } else {
      #expect(old == new, "\(path): make golden writes it again")
    }
  }
}
