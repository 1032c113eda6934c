import Foundation
import TestSupport
import Testing
import UringFields

/// Tests of the rows, columns and totals that users choose with `snapshot --list` and `export
/// --csv`.
@Suite struct ListingTests {
  private static let recording = Command.root.appending(path: "Tests/Fixtures/6.18/errors.uring")
    .path()

  private func rows(_ arguments: String...) throws -> [[Substring]] {
    let outcome = try Command.run(arguments)
    #expect(outcome.status == 0, "\(outcome.error)")
    return outcome.text.split(whereSeparator: \.isNewline).map { line in
      line.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  @Test func totalsAddUpToTheRows() throws {
    let each = try rows(
      "snapshot", "--from", Self.recording, "--list", "recent", "--csv", "--columns",
      "opcode,age,len")
    let totals = try rows(
      "snapshot", "--from", Self.recording, "--list", "recent", "--csv", "--group-by", "opcode",
      "--columns", "age,len")
    #expect(totals.first == ["opcode", "entities", "max_age_ns", "length"])
    let groups = Dictionary(grouping: each.dropFirst()) { $0[0] }
    #expect(totals.count == groups.count + 1)
    for total in totals.dropFirst() {
      let group = try #require(groups[total[0]])
      #expect(Int(total[1]) == group.count)
      #expect(UInt64(total[2]) == group.compactMap { UInt64($0[1]) }.max())
      let lengths = group.compactMap { UInt64($0[2]) }
      #expect(UInt64(total[3]) == (lengths.isEmpty ? nil : lengths.reduce(0, +)))
    }
  }

  /// `len` counts bytes for READ and vectors for READV, so a group of rows with both opcodes has no
  /// sum. A snapshot that is read from its JSON must behave in the same way.
  @Test func onlyLengthsOfOneUnitAreAdded() throws {
    let recording = Command.root.appending(path: "Tests/Fixtures/6.18/short_read.uring").path()
    let folder = try TemporaryFolder()
    let stored = folder.path("snapshot.json")
    try Command.run("snapshot", "--json", "--from", recording).output
      .write(to: folder["snapshot.json"])
    for file in [recording, stored] {
      let each = try rows(
        "snapshot", "--from", file, "--list", "recent", "--csv", "--columns", "ring,opcode,len")
      let totals = try rows(
        "snapshot", "--from", file, "--list", "recent", "--csv", "--group-by", "ring",
        "--columns", "len")
      let groups = Dictionary(grouping: each.dropFirst().filter { !$0[2].isEmpty }) { $0[0] }
      var mixed = 0
      for total in totals.dropFirst() {
        let group = groups[total[0]] ?? []
        let isMixed = Set(group.map { ["READV", "WRITEV"].contains($0[1]) }).count > 1
        if isMixed { mixed += 1 }
        let sum = group.compactMap { UInt64($0[2]) }.reduce(0, +)
        #expect(UInt64(total[2]) == (isMixed || group.isEmpty ? nil : sum), "\(total)")
      }
      #expect(mixed > 0, "\(each)")
    }
  }

  @Test(arguments: [
    "requests", "recent", "rings", "groups", "buffers", "chains", "latency", "findings",
    "disk_requests", "threads", "worker_pools", "system_calls",
  ])
  func everyListHasItsFieldsAsColumns(list: String) throws {
    let lines = try rows("snapshot", "--from", Self.recording, "--list", list, "--csv")
    let columns = try #require(lines.first)
    #expect(Set(columns).count == columns.count)
    #expect(lines.allSatisfy { $0.count >= columns.count }, "\(lines)")
  }

  @Test func eventsAreChosenByTheirFields() throws {
    let lines = try rows(
      "export", Self.recording, "--where", "event=complete error=yes", "--csv", "--columns",
      "event,opcode,value")
    let trace = try Command.run("export", Self.recording).text.split(separator: "\n")
    // A TIMEOUT that expires completes with -ETIME, which is not an error.
    let failed = trace.filter { line in
      line.contains(#""event":"complete""#) && line.contains(#""result":-"#)
        && !line.contains(#""opcode":"TIMEOUT""#)
    }
    #expect(lines.first == ["event", "opcode", "value"])
    #expect(lines.count - 1 == failed.count)
    #expect(lines.contains(["complete", "OPENAT", "-2"]))
  }

  /// The text must equal the text of an empty Requests pane on the screen.
  @Test func optionsThatHideEveryRequestAreNamedInTheWordsOfTheScreen() throws {
    let outcome = try Command.run("snapshot", "--from", Self.recording, "--op", "FSYNC")
    #expect(
      outcome.text.contains("\n\(EmptyRequestList.inFlight.text(hasEveryRequest: false))\n"),
      "\(outcome.text)")
  }

  @Test func findingsAreChosenByTheirFields() throws {
    func report(_ condition: String) throws -> Command.Outcome {
      try Command.run("report", "--from", Self.recording, "--where", condition, "--fail-on", "info")
    }
    let one = try report("tag=broken-chain")
    #expect(one.text.contains("broken-chain") && !one.text.contains("bad-memory"), "\(one.text)")
    #expect(one.text.contains("(1 left out)") && one.status == 1)
    let none = try report("severity=crit")
    #expect(none.text.contains("no findings to report (") && none.status == 0)
  }

  @Test func whatDoesNotExistIsNamedWithItsOption() throws {
    for (arguments, text) in [
      (["snapshot", "--list", "rings", "--group-by", "pids"], "--group-by, at 1"),
      (["snapshot", "--list", "ring", "--csv"], "--list"),
      (["export", Self.recording, "--where", "op:READ"], "need --csv"),
      (["export", Self.recording, "--csv", "--columns", "time,tids"], "--columns, at 6"),
      (["export", Self.recording, "--csv", "--format", "uring"], "--format"),
    ] {
      let outcome = try Command.run(arguments)
      #expect(
        outcome.status == 64 && outcome.error.contains(text), "\(arguments): \(outcome.error)")
    }
  }
}
