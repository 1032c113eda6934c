import CRecord
import UringRecords
import UringTrace

/// Writes the fields of a record as members of its JSON line, as the descriptor of the record's
/// kind specifies.
struct TraceFields {
  let record: UnsafePointer<record>
  /// The line's own `opcode` and `user_data`. A field of the record with the same name and value is
  /// not repeated.
  let opcode: UInt8
  let userData: UInt64?
  /// Names of the `REQ_F_*` flags by bit number.
  let flagNames: [String]

  func write(to json: inout JSONWriter) {
    guard let descriptor = record.pointee.kind.descriptor else { return }
    write(descriptor.fields, to: &json)
  }

  private var bytes: UnsafeRawPointer { UnsafeRawPointer(record) }

  private func write(_ fields: [RecordField], to json: inout JSONWriter) {
    for field in fields where field.isMember(of: record) {
      let value = field.scalar.load(from: bytes)
      if case .line = field.format {
        writeUnlessRepeated(value, of: field, to: &json)
        continue
      }
      if let alternative = field.alternative {
        let isOther = alternative.isSelected(in: bytes)
        json.key(field.name)
        if isOther { json.null() } else { write(value, of: field, to: &json) }
        json.key(alternative.name)
        if isOther { write(value, of: field, to: &json) } else { json.null() }
      } else {
        if case .requestFlags = field.format {
          json.field("flags", JSONNames.requestFlags(value, flagNames))
        }
        json.key(field.name)
        if field.isNull(value, in: record) {
          json.null()
        } else {
          write(value, of: field, to: &json)
        }
      }
      if let derived = field.derived { write(derived, from: value, of: field, to: &json) }
    }
  }

  /// Writes the record's opcode or `user_data` if it differs from the line's own. They differ if
  /// the application rewrites the SQE while the kernel reads it.
  private func writeUnlessRepeated(
    _ value: UInt64, of field: RecordField, to json: inout JSONWriter
  ) {
    if field.scalar.width == 1 {
      if value != UInt64(opcode) { json.field("sqe_opcode", value) }
    } else if value != userData {
      json.field("record_user_data", hex: value)
    }
  }

  private func write(_ value: UInt64, of field: RecordField, to json: inout JSONWriter) {
    switch field.format {
    case .integer:
      if field.scalar.isSigned { json.value(Int64(bitPattern: value)) } else { json.value(value) }
    case .hex, .requestFlags, .line: json.hex(value)
    case .boolean: json.value(value != 0)
    case .text(let capacity): json.value(field.text(in: record, capacity: capacity))
    case .words(let count):
      json.array(0..<count) { json, index in
        json.hex(
          bytes.loadUnaligned(fromByteOffset: field.scalar.offset + 8 * index, as: UInt64.self))
      }
    case .setupFlags:
      json.array(SetupFlags(rawValue: UInt32(truncatingIfNeeded: value)).names) { $0.value($1) }
    case .sqeFlags:
      json.array(SQEFlags(rawValue: UInt8(truncatingIfNeeded: value)).names) { $0.value($1) }
    case .choice(let vocabulary):
      if let text = vocabulary.text(of: value) { json.value(text) } else { json.null() }
    case .bits(let vocabulary): json.array(vocabulary.names(of: value)) { $0.value($1) }
    case .object(let fields): json.object { write(fields, to: &$0) }
    case .trailingText: json.value(field.trailingText(in: record, length: value))
    case .trailingPairs: json.array(field.trailingPairs(in: record)) { $0.value($1) }
    }
  }

  private func write(
    _ derived: RecordField.Derived, from value: UInt64, of field: RecordField,
    to json: inout JSONWriter
  ) {
    let number = UInt32(truncatingIfNeeded: value)
    switch derived {
    case .errno: json.field("errno", JSONNames.errno(Int32(clamping: Int64(bitPattern: value))))
    case .cqeFlags:
      let flags = CQEFlags(rawValue: number)
      json.field("cqe_flags", flags.names)
      if let buffer = flags.bufferID { json.field("bid", buffer) }
    case .registerName: json.field("register_name", RegisterOpcode(rawValue: number).name)
    case .ublkCommand:
      json.field("command_name", DriverCommand.name(number))
    case .fuseCommand:
      json.field("command_name", GroupProvider.fuse.commandName(number).map { "\($0)" })
    case .cmdOp:
      // The SQE ends where this field ends, because this is the SQE's last field.
      let sqe = (bytes + field.end - MemoryLayout<SQE>.size).loadUnaligned(as: SQE.self)
      if Opcode(rawValue: sqe.opcode).properties.off?.name == "cmd_op" {
        let command = UInt32(truncatingIfNeeded: sqe.off)
        json.field("cmd_op", command)
        if let name = DriverCommand.name(command) { json.field("command_name", name) }
      }
    }
  }
}
