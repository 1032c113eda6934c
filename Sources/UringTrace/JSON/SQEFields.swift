import CRecord

/// The members of an object that say what an SQE held.
enum SQEFields {
  static let fixedFile: UInt8 = 1 << 0
  static let bufferSelect: UInt8 = 1 << 5
  private static let uringCommands: Set<UInt8> = [46, 64]

  /// Writes the SQE's fields; which of `fd` and `fixed_file`, and of `buf_index` and `bgid`, its flags
  /// tell.
  static func write(_ sqe: SQE, to json: inout JSONWriter) {
    json.field("sqe_flags", JSONNames.sqeFlags(sqe.flags))
    json.field("ioprio", sqe.ioprio)
    let isFixed = sqe.flags & fixedFile != 0
    json.field("fd", isFixed ? nil : sqe.fd)
    json.field("fixed_file", isFixed ? sqe.fd : nil)
    writeBody(sqe, to: &json)
  }

  /// All but the flags, the priority and the file.
  static func writeBody(_ sqe: SQE, to json: inout JSONWriter) {
    json.field("off", Int64(bitPattern: sqe.off))
    json.field("addr", hex: sqe.addr)
    json.field("len", sqe.len)
    json.field("op_flags", sqe.op_flags)
    let selects = sqe.flags & bufferSelect != 0
    json.field("buf_index", selects ? nil : sqe.buf_index)
    json.field("bgid", selects ? sqe.buf_index : nil)
    json.field("personality", sqe.personality)
    json.field("file_index", sqe.file_index)
    json.field("addr3", hex: sqe.addr3)
    json.field("pad2", hex: sqe.pad2)
    if uringCommands.contains(sqe.opcode) {
      json.field("cmd_op", UInt32(truncatingIfNeeded: sqe.off))
    }
  }
}
