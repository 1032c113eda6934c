import CRecord
import UringRecords

/// A line of trace.jsonl after the header, decoded to the record from which it was written.
struct TraceLine: Decodable {
  /// The record. Empty if it would exceed the maximum size of a record.
  let bytes: [UInt8]
  /// True for the summary line, which is the last line. Its record is the end record.
  let isSummary: Bool

  init(from decoder: any Decoder) throws {
    let line = LineMembers(try decoder.container(keyedBy: LineMembers.Key.self))
    switch try line.string("type") {
    case "event":
      bytes = try Self.event(line)
      isSummary = false
    case "summary":
      var end = record_end()
      end.base.time_ns = try line.integer("time_ns")
      end.base.size = UInt16(MemoryLayout<record_end>.size)
      end.base.kind = .end
      end.base.opcode = UInt8(RECORD_OPCODE_NONE)
      end.records = try line.integer("events")
      end.lost = try line.integer("lost")
      bytes = withUnsafeBytes(of: end) { Array($0) }
      isSummary = true
    default: throw line.failure("type")
    }
  }

  private static func event(_ line: LineMembers) throws -> [UInt8] {
    guard let descriptor = RecordDescriptor.byName[try line.string("event")] else {
      throw line.failure("event")
    }
    if let bytes = try line.bytes("record_bytes") {
      let check = bytes.withUnsafeBytes { RecordCheck($0) }
      guard check.recordCount == 1, check.length == bytes.count else {
        throw line.failure("record_bytes")
      }
      return bytes
    }
    var base = record()
    base.time_ns = try line.integer("time_ns")
    base.ctx = try line.hex("ctx", default: 0)
    base.req = try line.hex("kiocb", default: 0)
    base.tid = try line.integer("tid")
    base.kind = descriptor.kind
    base.opcode = try line.number("record_opcode") ?? line.opcode()
    var fields = LineFields(descriptor, base: base)
    try fields.read(descriptor.fields, from: line)
    return fields.finish()
  }
}
