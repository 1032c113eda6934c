import Foundation
import TestSupport
import Testing
import UringRecordings
import UringTrace

/// Tests of redacted copies of the recordings of real programs.
@Suite struct RedactedFixtureTests {
  /// A finding without its texts, which contain names.
  private struct Outline: Hashable {
    var tag: String
    var severity: String
    var rings: [Int]
    var requests: [Int]
  }

  private func findings(_ path: String) throws -> [Outline] {
    let outcome = try Command.run("report", "--json", "--from", path)
    let document = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
    let findings = try #require(document?["findings"] as? [[String: Any]])
    return findings.map {
      Outline(
        tag: $0["tag"] as? String ?? "", severity: $0["severity"] as? String ?? "",
        rings: $0["rings"] as? [Int] ?? [],
        requests: ($0["requests"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int })
    }
  }

  private func redact(_ path: String, to copy: String) throws {
    let outcome = try Command.run("export", path, "--redact", "-o", copy)
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
  }

  /// The thread names and addresses in a recording, which a redacted copy must not contain.
  private func secrets(of recording: Recording) -> (names: Set<String>, addresses: Set<UInt64>) {
    let snapshot = recording.snapshot(at: nil)
    var addresses: Set<UInt64> = []
    recording.forEachRecord { addresses.formUnion([$0.pointee.ctx, $0.pointee.req]) }
    for request in snapshot.requests + snapshot.recent {
      addresses.insert(request.userData)
      if request.opcode.properties.addr?.name == "addr" { addresses.insert(request.sqe.addr) }
      if let file = request.fileIdentity { addresses.insert(file.address) }
    }
    let names = Set(snapshot.rings.map(\.comm) + snapshot.taskNames.values)
    return (
      names.filter { $0.utf8.count > 4 }, addresses.filter { $0 > 1 << 32 }
    )
  }

  @Test(arguments: Fixtures.all)
  func reportsFindTheSame(_ fixture: Observation) throws {
    let folder = try TemporaryFolder()
    let (copy, trace) = (folder.path("copy.uring"), folder.path("copy.jsonl"))
    try redact(fixture.path, to: copy)
    try redact(fixture.path, to: trace)
    #expect(try findings(copy) == findings(fixture.path))
    let (original, redacted) = (
      try fixture.snapshot(), try Observation.recording(copy).snapshot(at: nil)
    )
    #expect(redacted.totals == original.totals)
    #expect(redacted.requests.map(\.state) == original.requests.map(\.state))
    #expect(redacted.recent.map(\.result) == original.recent.map(\.result))
    #expect(redacted.groups.map(\.conditions) == original.groups.map(\.conditions))
    #expect(redacted.damagedRecordCount == 0)
    // The redacted recording and the redacted trace have the same content, and redacting the copy
    // again changes nothing.
    for command in [["report"], ["snapshot", "--json"]] {
      let said = try Command.run(command + ["--from", copy])
      #expect(try Command.run(command + ["--from", trace]).text == said.text)
    }
    try redact(copy, to: folder.path("twice.uring"))
    #expect(try Data(contentsOf: folder["twice.uring"]) == Data(contentsOf: folder["copy.uring"]))
  }

  @Test(arguments: Fixtures.all)
  func namesAndAddressesAreGone(_ fixture: Observation) throws {
    let folder = try TemporaryFolder()
    let (names, addresses) = secrets(of: try fixture.recording())
    #expect(!names.isEmpty && !addresses.isEmpty)
    for copy in ["copy.uring", "copy.jsonl"] {
      try redact(fixture.path, to: folder.path(copy))
      let bytes = try Data(contentsOf: folder[copy])
      for name in names {
        // A search for the bare name would also find opcodes and states, which can have the same
        // name as a program.
        for text in ["\(name)\0", "\"comm\":\"\(name)\""] {
          #expect(bytes.range(of: Data(text.utf8)) == nil, "\(name) in \(copy)")
        }
      }
      for address in addresses {
        let hex = String(address, radix: 16)
        let isThere = bytes.range(of: withUnsafeBytes(of: address) { Data($0) }) != nil
        #expect(!isThere, "\(hex) in \(copy)")
        #expect(bytes.range(of: Data(hex.utf8)) == nil, "\(hex) as text in \(copy)")
      }
    }
  }
}
