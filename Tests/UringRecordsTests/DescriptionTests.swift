import CRecord
import Foundation
import Testing
import UringRecords

@testable import RecordHeaders

/// The description of the record kinds that the headers in bpf/include/records define.
@Suite struct DescriptionTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private let outputs: RecordOutputs

  init() throws {
    outputs = try RecordOutputs(includes: Self.root.appending(path: "bpf/include").path())
  }

  @Test func layoutIsTheCompilers() {
    let checks = LayoutCheck.all()
    #expect(checks.count > 250)
    for check in checks { #expect(check.actual == check.described, "\(check.name)") }
  }

  @Test func everyKindIsDescribed() throws {
    let kinds = outputs.description.kinds
    #expect(RecordKind.all.map { Int($0.rawValue) } == kinds.map(\.number))
    for kind in RecordKind.all {
      let descriptor = try #require(kind.descriptor)
      #expect(descriptor.kind == kind)
      #expect(descriptor.minimumSize == kind.minimumSize)
      #expect(kind.minimumSize >= MemoryLayout<record>.size)
    }
    #expect(RecordKind(rawValue: 255)?.descriptor == nil)
  }

  @Test(arguments: [("schema", "docs/schema/trace.schema.json"), ("table", "docs/records.md")])
  func documentIsCurrent(output: String, file: String) throws {
    let committed = try String(
      contentsOf: Self.root.appending(path: file), encoding: .utf8)
    let generated = outputs.text(output)
    #expect(committed == generated, "\(file) is out of date: run `make describe`")
  }
}
