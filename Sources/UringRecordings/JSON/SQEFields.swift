import CRecord
import UringTrace

/// The fields of an SQE as members of a JSON object.
package enum SQEFields {
  /// Writes the fields of an SQE. The SQE's flags select between `fd` and `fixed_file`, and between
  /// `buf_index` and `bgid`.
  package static func write(_ sqe: SQE, to json: inout JSONWriter) {
    json.field("sqe_flags", SQEFlags(rawValue: sqe.flags).names)
    json.field("ioprio", sqe.ioprio)
    let isFixed = SQEFlags(rawValue: sqe.flags).contains(.fixedFile)
    json.field("fd", isFixed ? nil : sqe.fd)
    json.field("fixed_file", isFixed ? sqe.fd : nil)
    writeBody(sqe, to: &json)
  }

  /// Writes all fields except the flags, the priority and the file.
  package static func writeBody(_ sqe: SQE, to json: inout JSONWriter) {
    json.field("off", Int64(bitPattern: sqe.off))
    json.field("addr", hex: sqe.addr)
    json.field("len", sqe.len)
    json.field("op_flags", sqe.op_flags)
    let selects = SQEFlags(rawValue: sqe.flags).contains(.bufferSelect)
    json.field("buf_index", selects ? nil : sqe.buf_index)
    json.field("bgid", selects ? sqe.buf_index : nil)
    json.field("personality", sqe.personality)
    json.field("file_index", sqe.file_index)
    json.field("addr3", hex: sqe.addr3)
    json.field("pad2", hex: sqe.pad2)
    if Opcode(rawValue: sqe.opcode).properties.off?.name == "cmd_op" {
      json.field("cmd_op", UInt32(truncatingIfNeeded: sqe.off))
    }
  }
}
