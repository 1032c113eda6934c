import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of `uringtop top`, which prints a list at intervals.
@Suite struct TopTests {
  private static let recording = Command.root.appending(path: "Tests/Fixtures/6.18/errors.uring")
    .path()

  private func lines(_ arguments: [String]) throws -> [String] {
    let outcome = try Command.run(["top"] + arguments)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(!outcome.text.contains("\u{1B}"), "a screen code")
    return outcome.text.split(whereSeparator: \.isNewline).map(String.init)
  }

  @Test func eachIntervalOfARecordingHasItsTime() throws {
    let lines = try lines(["--from", Self.recording, "-n", "3", "--interval", "50ms"])
    let titles = try #require(lines.first)
    #expect(titles.hasPrefix("TIME") && titles.contains("COMMAND") && titles.contains("SUB/s"))
    #expect(lines.count == 4)
    for line in lines.dropFirst() {
      let time = try #require(line.split(separator: " ").first)
      #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(line)")
    }
    let times = lines.dropFirst().map { $0.prefix(24) }
    #expect(times == times.sorted() && Set(times).count == 3)
  }

  @Test func theLastIntervalHasTheCountsOfTheWholeRecording() throws {
    let last = try #require(
      try lines(["--from", Self.recording, "--csv", "--columns", "id,submitted,errors"]).last)
    let snapshot = try Command.run(
      "snapshot", "--from", Self.recording, "--list", "rings", "--csv", "--columns",
      "id,submitted,errors")
    let row = try #require(snapshot.text.split(whereSeparator: \.isNewline).last)
    #expect(last.split(separator: ",").dropFirst() == row.split(separator: ",")[...])
  }

  @Test func anExpressionChoosesRowsAndAnEmptyIntervalIsALine() throws {
    let none = try lines([
      "--from", Self.recording, "-n", "2", "--interval", "50ms", "--where", "submitted>1000000",
    ])
    #expect(none.count == 3)
    #expect(none.dropFirst().allSatisfy { $0.hasSuffix("Z  no rings") }, "\(none)")
    let csv = try lines([
      "--from", Self.recording, "-n", "2", "--interval", "50ms", "--where", "submitted>1000000",
      "--csv",
    ])
    #expect(csv.count == 1 && csv[0].hasPrefix("time,id,"))
  }

  @Test func anyListCanBePrinted() throws {
    let lines = try lines([
      "--from", Self.recording, "--list", "recent", "--group-by", "opcode", "--csv",
    ])
    #expect(lines.first?.hasPrefix("time,opcode,entities") == true)
    #expect(lines.contains { $0.contains(",OPENAT,") })
  }

  @Test func aMistakeNamesItsOption() throws {
    for (arguments, text) in [
      (["-n", "0"], "--count must be at least 1"), (["--interval", "1ms"], "--interval"),
      (["--list", "requests"], "--list needs --columns"), (["--where", "pids=1"], "--where"),
      (["--columns", "pid,nothing"], "--columns, at 5"),
    ] {
      try Command.expectFailure(["top"] + arguments, status: 64, says: text)
    }
  }

  @Test(.enabled(if: Live.isOn, "needs root")) func aLiveRingIsCountedFromLineToLine() throws {
    let program = try TestPrograms.start("workload", "--rate", "300")
    defer { program.kill() }
    let lines = try lines([
      "-n", "3", "--interval", "200ms", "--pid", "\(program.pid)", "--csv", "--group-by", "comm",
      "--columns", "submitted",
    ]).dropFirst()
    let rows = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.allSatisfy { $0.count == 4 && $0[1] == "workload" && $0[2] == "3" }, "\(lines)")
    let counts = rows.compactMap { $0.last.flatMap { UInt64($0) } }
    #expect(counts.count == 3 && counts == counts.sorted() && Set(counts).count == 3, "\(lines)")
  }
}
