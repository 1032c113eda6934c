import UringFindings
import UringRecordings
import UringTrace

/// Writes the last scan of waits into a document.
enum WaitFields {
  static func write(_ snapshot: Snapshot, to json: inout JSONWriter) {
    let facts = snapshot.waits
    json.field("time_ns", facts.time)
    json.field("complete", facts.isComplete)
    json.field("threads", array: facts.threads) { json, thread in
      json.object { json in
        json.field("tid", thread.tid)
        json.field("pid", thread.tgid)
        json.field("comm", snapshot.taskNames[thread.tid])
        json.field("state", String(Character(thread.state)))
        json.field("since_ns", thread.since == 0 ? nil : thread.since)
        json.field("call", thread.call.isEmpty ? nil : thread.call)
        json.field("function", thread.function.isEmpty ? nil : thread.function)
        json.field("fd", thread.fd)
      }
    }
    json.field("edges", array: Waits(snapshot)?.edges ?? []) { json, edge in
      json.object { write(edge, to: &$0) }
    }
  }

  static func write(_ edge: WaitEdge, to json: inout JSONWriter) {
    json.field("from", edge.from)
    json.field("to", edge.to)
    json.field("text", edge.text)
  }
}
