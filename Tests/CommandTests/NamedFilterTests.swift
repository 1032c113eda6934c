import Foundation
import TestSupport
import Testing

/// Tests of named filters (`--where @name`) in commands that draw no screen.
@Suite struct NamedFilterTests {
  private static let recording = Command.root.appending(path: "Tests/Fixtures/6.18/errors.uring")
    .path()
  private let folder: TemporaryFolder
  private let stored: String

  init() throws {
    folder = try TemporaryFolder()
    stored = folder.path("snapshot.json")
    let snapshot = try Command.run("snapshot", "--json", "--from", Self.recording)
    try snapshot.output.write(to: folder["snapshot.json"])
    try configure(
      """
      [filters]
      reads = "op:READ"
      broken = "tag=broken-chain"
      bad = "sise>1"

      """)
  }

  private func configure(_ text: String) throws {
    let file = folder["uringtop/config.toml"]
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func run(_ arguments: [String]) throws -> Command.Outcome {
    try Command.run(arguments, environment: ["XDG_CONFIG_HOME": folder.url.path()])
  }

  /// Commands, each with the name of a filter from the configuration and that filter's expression.
  private var commands: [(command: [String], name: String, expression: String)] {
    [
      (["snapshot", "--list", "recent", "--csv", "--from", Self.recording], "reads", "op:READ"),
      (["snapshot", "--json", "--from", Self.recording], "reads", "op:READ"),
      (["snapshot", "--list", "recent", "--csv", "--from", stored], "reads", "op:READ"),
      (["snapshot", "--json", "--from", stored], "reads", "op:READ"),
      (["top", "--list", "recent", "--csv", "--from", Self.recording], "reads", "op:READ"),
      (["export", "--csv", Self.recording], "reads", "op:READ"),
      (["compare", "--json", Self.recording, Self.recording], "reads", "op:READ"),
      (["report", "--json", "--from", Self.recording], "broken", "tag=broken-chain"),
    ]
  }

  @Test func aNameStandsForItsExpressionInEveryCommand() throws {
    for (command, name, expression) in commands {
      let named = try run(command + ["--where", "@\(name)"])
      let written = try run(command + ["--where", expression])
      #expect(named.status == 0 && named.error.isEmpty, "\(command): \(named.error)")
      #expect(named.output == written.output, "\(command)")
      let other = try run(command + ["--where", "!@\(name)"])
      #expect(other.output != named.output, "\(command)")
    }
  }

  @Test func theOptionIgnoreTakesNamesToo() throws {
    let command = ["report", "--from", Self.recording, "--ignore"]
    #expect(
      try run(command + ["broken-chain:@broken"]).output == run(command + ["broken-chain"]).output)
  }

  /// `record` also refuses an unknown name, and creates no file.
  @Test func anUnknownNameIsAnErrorThatListsTheNames() throws {
    let record = ["record", "-o", folder.path("new.uring"), "--duration", "1s"]
    for command in commands.map(\.command) + [record] {
      let outcome = try run(command + ["--where", "@socket"])
      #expect(outcome.status == 64 && outcome.output.isEmpty, "\(command)")
      #expect(
        outcome.error.hasPrefix(
          "uringtop: --where, at 1: no filter is named 'socket', only bad, broken, reads; "
            + "to search for the text, write \"@socket\" in quotes"), "\(outcome.error)")
      #expect(outcome.error.filter(\.isNewline).count == 1, "\(outcome.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("new.uring")))
  }

  @Test func aFilterOfOtherFieldsIsAnErrorThatNamesIt() throws {
    let outcome = try run(commands[0].command + ["--where", "op:READ @bad"])
    #expect(outcome.status == 64)
    #expect(outcome.error.hasPrefix("uringtop: --where, at 9: in @bad, at 1: "), "\(outcome.error)")
  }

  @Test func aMistakeInTheFileIsSaidOnceAndTheRestIsUsed() throws {
    try configure("theme = \"pink\"\nrate = 1\n[filters]\nreads = \"op:READ\"\n")
    for (command, _, expression) in commands where expression == "op:READ" {
      let named = try run(command + ["--where", "@reads"])
      #expect(
        named.error.hasPrefix("uringtop: config.toml:1:9: a theme is expected: ")
          && named.error.hasSuffix(" (and 1 more)\n"), "\(named.error)")
      #expect(named.error.filter(\.isNewline).count == 1)
      let written = try run(command + ["--where", expression])
      #expect(named.status == 0 && named.output == written.output, "\(command)")
      #expect(written.error.isEmpty, "read without need: \(written.error)")
    }
  }

  @Test func aFileThatCannotBeReadIsSaid() throws {
    try FileManager.default.removeItem(at: folder["uringtop/config.toml"])
    mkfifo(folder.path("uringtop/config.toml"), 0o600)
    let outcome = try run(commands[0].command + ["--where", "@reads"])
    #expect(outcome.status == 64)
    #expect(
      outcome.error.hasPrefix("uringtop: config.toml is not read: it is not a regular file\n"),
      "\(outcome.error)")
    #expect(outcome.error.contains("no filter is named 'reads'; to search"), "\(outcome.error)")
  }
}
