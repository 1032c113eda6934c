import Foundation
import TestSupport
import Testing
import UringFields
import UringTrace

/// docs/filters.md lists exactly the existing fields. `make golden` writes its tables again.
@Suite(.serialized) struct FieldDocumentTests {
  private static let document = Command.root.appending(path: "docs/filters.md")

  @Test(arguments: [
    ("requests", FieldDocument.table(of: FieldSet<Request>.requests)),
    ("rings", FieldDocument.table(of: FieldSet<Ring>.rings)),
  ])
  func documentHasTheTableOf(_ name: String, _ table: String) throws {
    let text = try String(contentsOf: Self.document, encoding: .utf8)
    let start = try #require(text.range(of: "## Fields of \(name)\n\n")?.upperBound)
    let end = text.range(of: "\n\n", range: start..<text.endIndex)?.lowerBound
    let old = text[start..<(end ?? text.endIndex)]
    if ProcessInfo.processInfo.environment["URINGTOP_GOLDEN"] == "capture" {
      let new = text[..<start] + table.dropLast() + (end.map { text[$0...] } ?? "\n")
      try new.write(to: Self.document, atomically: true, encoding: .utf8)
    } else {
      #expect(old.trimmingCharacters(in: .newlines) == table.dropLast())
    }
  }
}
