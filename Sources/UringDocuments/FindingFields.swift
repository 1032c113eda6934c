import UringFindings
import UringRecordings
import UringTrace

/// A finding in a document: the same in snapshots and reports.
enum FindingFields {
  static func write(_ finding: Finding, in snapshot: Snapshot, to json: inout JSONWriter) {
    json.field("tag", finding.tag)
    json.field("severity", literal: finding.severity.name)
    json.field("summary", finding.summary)
    json.field("meaning", finding.meaning)
    json.field("cure", finding.cure)
    json.field("rings", array: finding.rings) { $0.value($1) }
    json.field("request_count", finding.requestCount)
    let requests = finding.requests.compactMap { snapshot.request($0) }
    json.field("requests", array: requests) { json, request in
      json.object { json in
        json.field("id", request.id)
        json.field("ring", request.ring)
        json.field("user_data", hex: request.userData)
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
