import ArgumentParser
import CProcess
import UringComparison
import UringDocuments
import UringFields
import UringRecordings
import UringTrace

/// Reports the differences between two recordings of a workload.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two recordings of a workload: what got slower, what fails more often.",
    discussion: """
      Compares the requests of each program, file and opcode: latency, the time in each stage, errors, \
      requests handed to io-wq, short transfers, copied sends, overflows; and, for each program, CQEs per wait \
      and calls of io_uring_enter per request. A difference is stated if a statistical test shows that it \
      exceeds the noise within the recordings. docs/comparison.md describes the test.

      EXAMPLES:
        uringtop compare before.uring after.uring
        uringtop compare before.uring after.uring --fail-on regression
        uringtop compare before.uring after.uring --where 'op:READ file:*.db'
        uringtop compare --json before.uring after.uring | jq '.differences[] | select(.verdict == "regression")'

      \(ExitStatus.discussion)
      """)

  enum FailureCondition: String, ExpressibleByArgument, CaseIterable {
    case regression
  }

  @Argument(
    help: ArgumentHelp("The first recording.", valueName: "before"), completion: .recording)
  var before: String

  @Argument(
    help: ArgumentHelp("The second recording.", valueName: "after"), completion: .recording)
  var after: String

  @Flag(help: "Print the JSON document that docs/json.md describes.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Exit with status 1 if something got worse, or a crit or warn finding appeared: regression.",
      valueName: "condition"))
  var failOn: FailureCondition?

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Compare only requests that match the expression, such as 'op:READ file:*.db'; see docs/filters.md. "
        + "What whole programs count, and findings, are then not compared.",
      valueName: "expression"))
  var condition: String?

  func validate() throws {
    _ = try query()
    if before == "-", after == "-" {
      throw ValidationError("only one recording can be standard input")
    }
  }

  private func query() throws -> Query<Request>? {
    try condition.map { try Query(option: $0, over: .requests) }
  }

  private func profile(_ file: RecordingFile, _ query: Query<Request>?) -> WorkloadProfile {
    WorkloadProfile(
      of: file.recording,
      selects: query.map { query in { request, end in query.matches(request, in: end) } })
  }

  func run() throws {
    let query = try query()
    let (first, second) = try RecordingFile.pair(before, after, for: PROCESS_READS)
    let comparison = WorkloadComparison(profile(first, query), profile(second, query))
    first.reportFlaw()
    second.reportFlaw()
    if json {
      let document = ComparisonDocument(comparison, toolVersion: Version.current)
      try StandardOutput.write(document.encoded())
    } else {
      try StandardOutput.write(ComparisonText(comparison).text)
    }
    if failOn == .regression, comparison.hasRegression {
      throw Failure(ExitStatus.findings, "")
    }
  }
}
