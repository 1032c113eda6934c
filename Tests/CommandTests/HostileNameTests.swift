import Foundation
import TestSupport
import Testing

/// Tests with a recording whose names contain control and bidirectional characters, which could
/// manipulate a terminal.
@Suite struct HostileNameTests {
  static let comm = "a\u{202E}\u{1B}[2J\n\u{2066}"
  static let file = "/tmp/\u{202E}cod.\u{9B}" + String(repeating: "x", count: 4000) + "/end"

  private func recording(in folder: TemporaryFolder) throws -> String {
    try CommandLineTests.recording(isComplete: false).write(to: folder["a.uring"])
    let trace = try Command.run("export", folder.path("a.uring"), "-o", "-").text
    func quoted(_ text: String) throws -> String {
      String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }
    let hostile = try trace.replacing(#""comm":"nops""#, with: #""comm":"# + quoted(Self.comm))
      .replacing(#""name":"pipe:[222344]""#, with: #""name":"# + quoted(Self.file))
    #expect(hostile != trace)
    try Data(hostile.utf8).write(to: folder["hostile.jsonl"])
    return folder.path("hostile.jsonl")
  }

  private static func expectHarmless(_ text: String, width: Int = .max) {
    for scalar in text.unicodeScalars where scalar != "\n" {
      let category = scalar.properties.generalCategory
      #expect(category != .control && category != .format, "\(scalar.escaped(asASCII: true))")
    }
    for line in text.split(separator: "\n") {
      #expect(line.count <= width, "\(line.count) columns: \(line.prefix(80))")
    }
  }

  @Test func textShowsNoneOfThem() throws {
    let folder = try TemporaryFolder()
    let path = try recording(in: folder)
    let snapshot = try Command.run("snapshot", "--from", path)
    #expect(snapshot.status == 0)
    #expect(snapshot.text.contains("/end"))
    Self.expectHarmless(snapshot.text)
    let report = try Command.run("report", "--from", path)
    #expect(report.status == 0)
    Self.expectHarmless(report.text)
    Self.expectHarmless(snapshot.error + report.error, width: 600)
  }

  @Test func onlyATerminalGetsCutNames() throws {
    let folder = try TemporaryFolder()
    let path = try recording(in: folder)
    let name = String(repeating: "x", count: 4000)
    #expect(try Command.run("snapshot", "--from", path).text.contains(name))
    let command = "\(Command.binary.path()) snapshot --from \(path)"
    let terminal = try Command.run(
      "-qec", command, "/dev/null", program: URL(filePath: "/usr/bin/script"))
    #expect(terminal.status == 0)
    let text = terminal.text.replacing("\r\n", with: "\n")
    #expect(text.contains("/end") && !text.contains(name))
    Self.expectHarmless(text, width: 200)
  }

  @Test func documentsKeepThemEscaped() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run("snapshot", "--json", "--from", recording(in: folder))
    Self.expectHarmless(outcome.text)
    let document = try #require(
      JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    let rings = try #require(document["rings"] as? [[String: Any]])
    // the kernel keeps only 15 bytes of a process name, so the document has a prefix
    #expect(rings.contains { Self.comm.hasPrefix($0["comm"] as? String ?? "?") })
    let requests = try #require(document["requests"] as? [[String: Any]])
    #expect(requests.contains { $0["file"] as? String == Self.file })
  }

  @Test func messagesQuoteNoneOfThem() throws {
    let outcome = try Command.run("snapshot", "--from", "/nowhere/\u{202E}\u{1B}[2J")
    #expect(outcome.status == 66)
    Self.expectHarmless(outcome.error, width: 200)
  }
}
