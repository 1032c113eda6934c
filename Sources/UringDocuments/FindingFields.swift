import UringFindings
import UringRecordings
import UringTrace

/// A finding in a document: the same in snapshots and reports.
enum FindingFields {
  static func write(_ rule: UnevaluatedRule, to json: inout JSONWriter) {
    json.field("tag", rule.tag)
    var needed: UInt64?
    var watched: UInt64?
    if case .watch(let most, let least) = rule.reason { (needed, watched) = (most, least) }
    json.field("reason", rule.reason.name)
    json.field("needed_ns", needed)
    json.field("watched_ns", watched)
  }

  static func write(_ finding: Finding, in snapshot: Snapshot, to json: inout JSONWriter) {
    json.field("tag", finding.tag)
    json.field("severity", literal: finding.severity.name)
    json.field("summary", finding.summary)
    json.field("meaning", finding.meaning)
    json.field("cure", finding.cure)
    json.field("rings", array: finding.rings) { $0.value($1) }
    json.field("request_count", finding.requestCount)
    json.field("past", finding.past) { json, past in
      json.field("from_ns", past.from)
      json.field("until_ns", past.until)
      json.field("times", past.times)
    }
    json.field("requests", array: finding.requests(in: snapshot)) { json, request in
      json.object { json in
        json.field("id", request.id)
        json.field("ring", request.ring)
        json.field("user_data", request.userDataText)
        json.field("opcode", request.opcode.name)
        json.field("state", literal: JSONNames.state(request.state))
        json.field("file", snapshot.fileNames.name(of: request))
        json.field("result", request.hasResult ? request.result : nil)
        json.field("errno", request.hasResult ? JSONNames.errno(request.result) : nil)
      }
    }
    json.field("numbers") { json in
      for number in finding.numbers { json.field(named: number.name, number.value) }
    }
    json.field("edges", array: finding.edges) { json, edge in
      json.object { WaitFields.write(edge, to: &$0) }
    }
  }
}

extension UnevaluatedRule.Reason {
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
