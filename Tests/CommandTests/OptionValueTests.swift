import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of option values: lists, choices, durations, sizes, columns.
@Suite struct OptionValueTests {
  private static let recording = Command.root.appending(path: "Tests/Fixtures/6.18/errors.uring")
    .path()

  /// Returns the number of a recording's rings that the filters select.
  private func ringCount(_ recording: String, _ filters: String...) throws -> Int {
    let outcome = try Command.run(
      ["snapshot", "--from", recording, "--list", "rings", "--csv"] + filters)
    #expect(outcome.status == 0, "\(outcome.error)")
    return outcome.text.split(whereSeparator: \.isNewline).count - 1
  }

  @Test func processNamesFormAList() throws {
    #expect(try ringCount(Self.recording, "--comm", "nosuch,errors") == 1)
    #expect(try ringCount(Self.recording, "--comm", "errors,") == 1)
    #expect(try ringCount(Self.recording, "--comm", "nosuch,other") == 0)
    try Command.expectFailure("--comm", ",,,,,,,,,,,,,,,,", status: 64, says: "--comm needs a name")
  }

  @Test func aProcessNameCanContainAComma() throws {
    let folder = try TemporaryFolder()
    try CommandLineTests.recording().write(to: folder["a.uring"])
    let trace = try Command.run("export", folder.path("a.uring"), "-o", "-").text
    let renamed = trace.replacing(#""comm":"nops""#, with: #""comm":"a,b""#)
    #expect(renamed != trace)
    try Data(renamed.utf8).write(to: folder["comma.jsonl"])
    let count = try ringCount(folder.path("comma.jsonl"))
    #expect(count > 0)
    #expect(try ringCount(folder.path("comma.jsonl"), "--comm", "a,b") == count)
    #expect(try ringCount(folder.path("comma.jsonl"), "--comm", "a") == 0)
  }

  @Test(arguments: [["snapshot"], ["snapshot", "--json"], ["top"], ["top", "--interval", "50ms"]])
  func optionsThatSelectNoRingAreNamedOnce(command: [String]) throws {
    let words = "uringtop: no process selected by the options has a ring\n"
    let empty = try Command.run(command + ["--from", Self.recording, "--comm", "nosuch"])
    #expect(empty.status == 0 && empty.error == words, "\(empty.error)")
    let selected = try Command.run(command + ["--from", Self.recording, "--comm", "errors"])
    #expect(selected.error.isEmpty, "\(selected.error)")
  }

  @Test(arguments: [
    (
      ["snapshot", "--list", "ringz"], "choose one of requests, recent, rings, ",
      "did you mean rings?"
    ),
    (["top", "--list", "finding"], "system_calls", "did you mean findings?"),
    (["report", "--format", "jsn"], "choose one of text, json, junit, github, html", "mean json?"),
    (["report", "--fail-on", "wran"], "choose one of info, warn, crit", "did you mean warn?"),
    (["snapshot", "--syscalls", "of"], "choose one of auto, on, off", "did you mean off"),
    (["live", "--theme", "drak"], "colour-blind", "did you mean dark?"),
    (
      ["export", "x", "--format", "urin"], "choose one of jsonl, uring, perfetto",
      "did you mean uring?"
    ),
    (["demo", "--target", "ublkk"], "choose one of ublk, buffers", "did you mean ublk?"),
    (["demo", "--inject", "leader-fial:5"], "choose one of ", "did you mean leader-fail"),
    (["report", "--ignore", "hagn"], "no rule has the tag 'hagn'", "did you mean hang"),
    (
      ["record", "-o", "x", "--keep", "9s", "--on", "deadlok"], "neither a severity",
      "mean deadlock?"
    ),
  ])
  func aRefusedChoiceNamesTheChoicesAndTheNearest(
    arguments: [String], choices: String, hint: String
  ) throws {
    try Command.expectFailure(arguments, status: 64, says: choices)
    try Command.expectFailure(arguments, status: 64, says: hint)
  }

  @Test func aChoiceThatNothingResemblesHasNoHint() throws {
    let outcome = try Command.run("snapshot", "--list", "'; x\n")
    #expect(outcome.status == 64)
    #expect(!outcome.error.contains("did you mean"))
    #expect(
      outcome.error.contains("choose one of requests, ")
        && outcome.error.filter(\.isNewline).count == 1)
  }

  @Test(arguments: [
    ["top", "--interval", "5"], ["snapshot", "--duration", "5"], ["live", "--interval", "5"],
    ["live", "--min-age", "5"], ["snapshot", "--from", "x", "--at", "5"],
    ["freeze", "--wait", "5"],
    ["record", "-o", "x", "--keep", "5"], ["serve", "--interval", "5"],
    ["replay", "x", "--at", "5"],
  ])
  func aDurationWithoutUnitIsToldOfUnits(arguments: [String]) throws {
    try Command.expectFailure(
      arguments, status: 64, says: "'5' has no unit; write 5s or 5ms")
  }

  @Test func anythingElseIsToldWhatADurationOrASizeIs() throws {
    try Command.expectFailure(
      "snapshot", "--duration", "5x", status: 64, says: "a duration is a number with us, ms, s or m"
    )
    try Command.expectFailure(
      "demo", "--size", "5x", status: 64, says: "with K, M, G or T, such as 64M")
    try Command.expectFailure("demo", "--size", "2048T", status: 64, says: "at most 1024T")
  }

  @Test func defaultsOfDurationsAndSizesAreInTheHelp() throws {
    for (command, texts) in [
      ("freeze", ["Default: 30s"]), ("serve", ["Default: 1s"]), ("demo", ["Default: 64M"]),
      ("record", ["Default: 256M", "Default: 5s", "Default: 2G"]),
    ] {
      let help = try Command.run(command, "--help").text.split(whereSeparator: \.isWhitespace)
        .joined(separator: " ")
      for text in texts { #expect(help.contains(text), "\(command)") }
    }
  }

  @Test func aTitleIsAsGoodAsTheNameOfItsColumn() throws {
    func lines(_ columns: String) throws -> String {
      let outcome = try Command.run(
        "snapshot", "--from", Self.recording, "--list", "findings", "--columns", columns)
      #expect(outcome.status == 0, "\(outcome.error)")
      return outcome.text
    }
    #expect(try lines("FINDING,what,sev") == lines("tag,summary,severity"))
  }

  @Test(arguments: [
    ("requests", "SUBMITTER", "did you mean comm, tid?"),
    ("buffers", "memory", "did you mean address?"),
    ("rings", "SUB/s", "did you mean last_second.submitted?"),
  ])
  func aTitleOfTheScreenNamesTheFieldsThatItShows(list: String, title: String, hint: String) throws
  {
    try Command.expectFailure(
      "snapshot", "--list", list, "--columns", title, status: 64, says: hint)
  }

  @Test func aTableShowsHowLongAgoATimeWas() throws {
    let arguments = [
      "snapshot", "--from", Self.recording, "--list", "rings", "--columns", "first_seen",
    ]
    let table = try Command.run(arguments).text.split(separator: "\n")
    #expect(table.count == 2 && table[1].hasSuffix(" ago"), "\(table)")
    let csv = try Command.run(arguments + ["--csv"]).text.split(whereSeparator: \.isNewline)
    #expect(csv.count == 2 && UInt64(csv[1]) != nil, "\(csv)")
  }
}
