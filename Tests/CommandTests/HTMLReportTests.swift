import Foundation
import FoundationXML
import TestSupport
import Testing

/// Tests of the page that `report --html` writes. The page is well-formed XML, so an XML parser can
/// check its structure.
@Suite struct HTMLReportTests {
  private func page(of recording: String, _ arguments: String...) throws -> XMLDocument {
    let outcome = try Command.run(["report", "--from", recording, "--html"] + arguments)
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    #expect(outcome.text.hasPrefix("<!DOCTYPE html>\n"))
    return try XMLDocument(data: outcome.output)
  }

  private func elements(of document: XMLDocument) throws -> [String] {
    try document.nodes(forXPath: "//*").compactMap(\.name)
  }

  @Test(arguments: [
    "Fixtures/6.18/links", "Fixtures/6.18/cq_overflow", "Fixtures/7.3/fuse_zero_copy",
    "Fixtures/6.12-sqe-group/sqe_group_ublk", "Ublk/Recordings/7.3/zero-copy+faults",
    "CommandTests/Recordings/read-on-pipe",
  ])
  func pageHasEveryFindingRingAndLatency(name: String) throws {
    let recording = Command.root.appending(path: "Tests/\(name).uring").path()
    let json = try Command.run("report", "--json", "--from", recording)
    let report = try #require(
      JSONSerialization.jsonObject(with: json.output) as? [String: Any])
    let findings = try #require(report["findings"] as? [[String: Any]])
    let document = try page(of: recording)
    let articles = try document.nodes(forXPath: "//article")
    #expect(articles.count == findings.count)
    for (article, finding) in zip(articles, findings) {
      let text = article.stringValue ?? ""
      for member in ["tag", "severity", "meaning", "cure", "summary"] {
        #expect(try text.contains(#require(finding[member] as? String)), "\(member)")
      }
      let requests = finding["requests"] as? [[String: Any]] ?? []
      for request in requests {
        #expect(try text.contains("\(#require(request["id"]))"))
      }
      #expect(try article.nodes(forXPath: ".//svg").isEmpty == requests.isEmpty)
    }
    let snapshot = try JSONSerialization.jsonObject(
      with: Command.run("snapshot", "--json", "--from", recording).output)
    let state = try #require(snapshot as? [String: Any])
    let rings = try #require(state["rings"] as? [Any])
    #expect(
      try document.nodes(forXPath: "//section[@id='rings']//tbody/tr").count == rings.count)
    let latencies = try #require(state["latency"] as? [Any])
    #expect(
      try document.nodes(forXPath: "//section[@id='latency']//figure").count
        == min(latencies.count, 24))
  }

  @Test func pageNeedsNothingElse() throws {
    let recording = Command.root.appending(path: "Tests/Fixtures/6.18/links.uring").path()
    let document = try page(of: recording)
    let elements = try Set(elements(of: document))
    #expect(
      elements.isDisjoint(with: ["script", "link", "img", "iframe", "object", "image", "use"]))
    let links = try document.nodes(forXPath: "//@href | //@src").compactMap(\.stringValue)
    #expect(!links.isEmpty && links.allSatisfy { $0.hasPrefix("#") })
    let style = try document.nodes(forXPath: "//style").first?.stringValue ?? ""
    #expect(!style.contains("url(") && !style.contains("@import"))
    #expect(style.contains("prefers-color-scheme: dark") && style.contains("@media print"))
    let targets = try document.nodes(forXPath: "//@id").compactMap {
      $0.stringValue.map { "#" + $0 }
    }
    #expect(Set(links).isSubset(of: Set(targets)))
  }

  /// Process and file names that contain markup are shown as text: the page must have the same
  /// elements as a page with harmless names.
  @Test func namesCannotBecomeMarkup() throws {
    let folder = try TemporaryFolder()
    // The findings of this recording quote file names, and its rings have process names.
    let recording = Command.root.appending(
      path: "Tests/Ublk/Recordings/7.3/zero-copy+faults.uring"
    ).path()
    let trace = try Command.run("export", recording, "-o", "-").text.split(separator: "\n")
    func page(_ comm: String, _ file: String) throws -> (document: XMLDocument, text: String) {
      let lines = try trace.map { line -> String in
        let isFile = line.contains(#""event":"file_name""#)
        guard isFile || line.contains(#""comm":"#) else { return String(line) }
        var object = try #require(
          JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        object[isFile ? "name" : "comm"] = isFile ? file : comm
        return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
      }
      try Data(lines.joined(separator: "\n").appending("\n").utf8)
        .write(to: folder["trace.jsonl"])
      let outcome = try Command.run("report", "--from", folder.path("trace.jsonl"), "--html")
      #expect(outcome.status == 0, "\(outcome.error)")
      return (try XMLDocument(data: outcome.output), outcome.text)
    }
    let harmless = try elements(of: page("abcdefghijklmno", "/tmp/name").document)
    for (comm, file) in [
      ("<script>a()</s>", "</td></table></style><script>alert(1)</script>&lt;b&gt;&#60;"),
      ("\"'><b onload='", "\"'><svg onload=alert(1)>--><!--]]><![CDATA["),
      ("a\u{202E}\u{1B}[2J", "/\u{202E}cod.\u{9B}\u{2028}\u{FFFF}\u{1}\u{1B}[2J"),
    ] {
      let (document, text) = try page(comm, file)
      #expect(try elements(of: document) == harmless, "\(comm)")
      #expect(try document.nodes(forXPath: "//@onload | //script").isEmpty)
      let stranger = text.unicodeScalars.first {
        $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
      }
      #expect(stranger == nil)
    }
    let visible = try page("<i>&amp;", "/tmp/<i>&amp;").document.rootElement()?.stringValue ?? ""
    #expect(visible.contains("/tmp/<i>&amp;") && visible.contains("<i>&amp; 125"))
  }
}
