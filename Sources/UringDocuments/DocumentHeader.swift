import UringRecordings
import UringTrace

/// The common start of documents about a snapshot.
enum DocumentHeader {
  static func write(
    _ schema: UInt32, _ snapshot: Snapshot, _ toolVersion: String, to json: inout JSONWriter
  ) {
    json.field("schema", schema)
    json.field("tool", literal: "uringtop")
    json.field("version", toolVersion)
    json.field("kernel", snapshot.host.kernel)
    json.field("tier", snapshot.host.tier)
    json.field("sampling", snapshot.host.sampling)
    json.field("start_ns", snapshot.host.startTime)
    json.field("start_realtime_ns", snapshot.host.startRealtime)
    json.field("time_ns", snapshot.time)
  }
}
