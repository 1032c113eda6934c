import CRecord
import UringRecords
import UringTrace

/// Writes trace.jsonl: a header line, a line for each record, and a summary line. docs/json.md
/// describes it.
final class TraceJSONEncoder: TraceEncoder {
  private let header: RecordingHeader
  /// Assigns the numbers of rings and requests.
  private var aggregator: Aggregator
  private var flagNames = [String](repeating: "", count: 64)
  private var events: UInt64 = 0
  private var image = RecordImage()
  var isFull: Bool { aggregator.entryCount > RecordingFlaw.mostEntries }

  init(header: RecordingHeader) {
    self.header = header
    aggregator = .numbering(host: header.host)
  }

  func begin(into output: inout [UInt8]) {
    write(into: &output) { json in
      json.object { json in
        json.field("type", literal: "header")
        json.field("schema", TraceReader.schema)
        json.field("tool", literal: "uringtop")
        json.field("version", header.toolVersion)
        json.field("kernel", header.host.kernel)
        json.field("tier", header.host.tier)
        if header.host.sampling > 1 { json.field("sampling", header.host.sampling) }
        json.field("start_ns", header.host.startTime)
        json.field("start_realtime_ns", header.host.startRealtime)
      }
    }
  }

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    write(into: &output) { json in
      for record in RecordSequence(bytes: records) {
        aggregator.consume(record)
        guard let descriptor = record.pointee.kind.descriptor else { continue }
        // The aggregator returns no event for a record that it ignores.
        let event = aggregator.lastEvent ?? Event(unnamed: record)
        noteFlagName(record)
        events += 1
        json.object { json in
          json.field("type", literal: "event")
          json.field("time_ns", record.pointee.time_ns)
          json.field("event", literal: descriptor.name)
          json.field("ring", event.ring == 0 ? nil : event.ring)
          json.field("request", event.request == 0 ? nil : event.request)
          let hasUserData =
            event.request != 0 && event.isUserDataKnown || descriptor.hasUserData
          let userData = hasUserData ? event.userData : nil
          json.key("user_data")
          if let userData { json.hex(userData) } else { json.null() }
          json.field(
            "opcode", event.opcode.rawValue == UInt8(RECORD_OPCODE_NONE) ? nil : event.opcode.name)
          if event.opcode.rawValue != record.pointee.opcode {
            json.field("record_opcode", record.pointee.opcode)
          }
          if aggregator.lastEvent == nil { json.field("ignored", true) }
          if event.group != 0 { json.field("group", event.group) }
          json.field("tid", record.pointee.tid)
          if record.pointee.ctx != 0 { json.field("ctx", hex: record.pointee.ctx) }
          if record.pointee.req != 0 { json.field("kiocb", hex: record.pointee.req) }
          TraceFields(
            record: record, opcode: event.opcode.rawValue, userData: userData,
            flagNames: flagNames
          ).write(to: &json)
          if !image.isExpressible(record, descriptor) {
            json.field(
              "record_bytes",
              bytes: UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)))
          }
        }
        json.newline()
      }
    }
  }

  /// Keeps the name of a `REQ_F_*` flag for later lines.
  private func noteFlagName(_ record: UnsafePointer<record>) {
    guard record.pointee.kind == .flagName else { return }
    let name = record.body(as: record_flag_name.self).pointee
    guard name.bit < UInt32(flagNames.count) else { return }
    flagNames[Int(name.bit)] = CharArray.string(name.name)
  }

  func end(time: UInt64, records _: UInt64, lost: UInt64, into output: inout [UInt8]) {
    let totals = aggregator.totals
    write(into: &output) { json in
      json.object { json in
        json.field("type", literal: "summary")
        json.field("time_ns", time)
        json.field("events", events)
        json.field("lost", lost)
        JSONNames.write(totals, to: &json)
      }
    }
  }

  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    lastLine(in: output, limit: limit)
  }

  private func write(into output: inout [UInt8], _ body: (inout JSONWriter) -> Void) {
    var taken: [UInt8] = []
    swap(&taken, &output)
    var json = JSONWriter(appendingTo: taken)
    taken = []
    body(&json)
    if json.bytes.last != UInt8(ascii: "\n") { json.newline() }
    output = json.bytes
  }
}
