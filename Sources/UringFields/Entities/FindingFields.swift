import UringFindings
import UringTrace

extension FieldSet<Finding> {
  /// The fields of findings.
  public static let findings = FieldSet(
    "findings",
    [
      Field(
        "tag", title: "FINDING", .text,
        meaning:
          "Tag of the rule that reports the finding, such as `hang` or `cq-overflow`. Tags do not change between versions; docs/findings.md explains each."
      ) {
        finding, _ in .text(finding.tag)
      },
      Field(
        "severity", title: "SEV", .text, choices: Finding.Severity.allCases.map { "\($0.name)" },
        meaning:
          "`crit`: something does not work. `warn`: something is expensive, or works only by luck. `info`: worth knowing."
      ) { finding, _ in .name(finding.severity.name) },
      Field("summary", title: "WHAT", .text, meaning: "The observation, in one line.") {
        finding, _ in
        .text(finding.summary)
      },
      Field("meaning", .text, meaning: "One sentence: what the observation means.") { finding, _ in
        .text(finding.meaning)
      },
      Field("cure", .text, meaning: "One sentence: what to do about the finding.") { finding, _ in
        .text(finding.cure)
      },
      Field(
        "rings", title: "RING", .numbers, aliases: ["ring"],
        meaning: "Ids of the rings concerned, the most affected first."
      ) {
        finding, _ in .numbers(finding.rings.map { UInt64($0) })
      },
      Field(
        "request_count", title: "REQS", .number, total: .sum,
        meaning: "Number of requests concerned; 0 if none."
      ) { finding, _ in .number(finding.requestCount) },
    ],
    parts: [
      .object(
        "past", FieldSet<Finding.Past>.pasts,
        meaning: """
          The time in which the condition held, if it no longer holds at the end; otherwise null. \
          `requests` are then shown as they were at that time.
          """
      ) { finding, _ in finding.past },
      .list(
        "requests", FieldSet<Request>.named,
        meaning: "Requests that show the finding, the most telling first: 16 at most."
      ) { finding, snapshot in finding.requests(in: snapshot) },
      .other([
        .init(
          "numbers", .figures,
          meaning: """
            The finding's figures, by name; each rule has its own names. A figure whose name ends \
            in `_ns` is in nanoseconds, one whose name ends in `_percent` is a percentage.
            """
        )
      ]) { finding, _, json in
        json.field("numbers") { json in
          for number in finding.numbers {
            json.key(named: number.name)
            json.value(number.value)
          }
        }
      },
      .list(
        "edges", FieldSet<WaitEdge>.edges,
        meaning: "The waits on which the finding is based; empty for findings with other evidence."
      ) { finding, _ in finding.edges },
    ])
}

extension FieldSet<Finding.Past> {
  fileprivate static let pasts = FieldSet(
    "pasts",
    [
      Field(
        "from", .time,
        meaning: "Time at which the past condition was first seen."
      ) { past, _ in
        .number(past.from)
      },
      Field(
        "until", .time,
        meaning: "Time at which the past condition was last seen."
      ) { past, _ in
        .number(past.until)
      },
      Field(
        "times", .number,
        meaning: "Number of times that the past condition began."
      ) { past, _ in
        .integer(past.times)
      },
    ])
}

extension FieldSet<Request> {
  private static let nameKeys: Set = [
    "id", "ring", "user_data", "opcode", "state", "file", "result", "errno",
  ]

  /// The fields of a request that a finding shows.
  static let named = FieldSet("named requests", requests.own.filter { nameKeys.contains($0.key) })
}

extension FieldSet<UnevaluatedRule> {
  /// The fields of rules that could not be evaluated.
  public static let unevaluated = FieldSet(
    "unevaluated rules",
    [
      Field("tag", .text, meaning: "Tag of the rule.") { rule, _ in .text(rule.tag) },
      Field(
        "reason", .text, choices: UnevaluatedRule.Reason.names,
        meaning: """
          `watch`: rings were watched for too short a time. `losses`: records were lost. \
          `sampling`, `filter`: not every request was observed. `system_calls`: system calls were \
          not watched.
          """
      ) { rule, _ in .text(rule.reason.name) },
      Field(
        "needed", .duration, .nullable,
        meaning: "Time for which the rule must watch rings; null unless `reason` is `watch`."
      ) {
        rule, _ in
        if case .watch(let needed, _) = rule.reason { .number(needed) } else { .none }
      },
      Field(
        "watched", .duration, .nullable,
        meaning: "Time for which rings were watched; null unless `reason` is `watch`."
      ) {
        rule, _ in
        if case .watch(_, let watched) = rule.reason { .number(watched) } else { .none }
      },
    ])
}

extension UnevaluatedRule.Reason {
  fileprivate static var names: [String] {
    ["watch", "losses", "sampling", "filter", "system_calls"]
  }

  fileprivate var name: String {
    switch self {
    case .watch: "watch"
    case .losses: "losses"
    case .sampling: "sampling"
    case .filter: "filter"
    case .systemCalls: "system_calls"
    }
  }
}
