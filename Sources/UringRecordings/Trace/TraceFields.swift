import CRecord
import UringRecords
import UringTrace

/// Writes the members that an event line has for its kind, as the kind's description says.
struct TraceFields {
  let record: UnsafePointer<record>
  /// The line's own `opcode` and `user_data`, which the record's fields of these names need not repeat.
  let opcode: UInt8
  let userData: UInt64?
  /// Names of `REQ_F_*` by bit.
  let flagNames: [String]

  func write(to json: inout JSONWriter) {
    guard let descriptor = record.pointee.kind.descriptor else { return }
    write(descriptor.fields, to: &json)
  }

  private var bytes: UnsafeRawPointer { UnsafeRawPointer(record) }

  private func write(_ fields: [RecordField], to json: inout JSONWriter) {
    for field in fields {
      let value = field.scalar.load(from: bytes)
      if case .line = field.format { writeUnlessRepeated(value, of: field, to: &json) }
      guard isPresent(field) else { continue }
      if let alternative = field.alternative {
        let isOther = alternative.isSelected(in: bytes)
        json.key(field.name)
        if isOther { json.null() } else { write(value, of: field, to: &json) }
        json.key(alternative.name)
        if isOther { write(value, of: field, to: &json) } else { json.null() }
      } else {
        if case .line = field.format { continue }
        if case .requestFlags = field.format {
          json.field("flags", JSONNames.requestFlags(value, flagNames))
        }
        json.key(field.name)
        if isNull(value, field) { json.null() } else { write(value, of: field, to: &json) }
      }
      if let derived = field.derived { write(derived, from: value, of: field, to: &json) }
    }
  }

  /// An application can rewrite an SQE while the kernel takes it: the SQE as it was read then differs from the request.
  private func writeUnlessRepeated(
    _ value: UInt64, of field: RecordField, to json: inout JSONWriter
  ) {
    if field.scalar.width == 1 {
      if value != UInt64(opcode) { json.field("sqe_opcode", value) }
    } else if value != userData {
      json.field("record_user_data", hex: value)
    }
  }

  private func isPresent(_ field: RecordField) -> Bool {
    if field.isAdded, field.end > Int(record.pointee.size) { return false }
    if let condition = field.condition, condition.load(from: bytes) == 0 { return false }
    guard let omitted = field.omitted else { return true }
    return UnsafeRawBufferPointer(start: bytes, count: omitted.upperBound)[omitted]
      .contains { $0 != 0 }
  }

  private func isNull(_ value: UInt64, _ field: RecordField) -> Bool {
    switch field.null {
    case .maximum: value == field.scalar.maximum
    case .negative: Int64(bitPattern: value) < 0
    // An object's first member is at its start.
    case .zero: bytes.loadUnaligned(fromByteOffset: field.scalar.offset, as: UInt64.self) == 0
    case nil: false
    }
  }

  private func write(_ value: UInt64, of field: RecordField, to json: inout JSONWriter) {
    switch field.format {
    case .integer:
      if field.scalar.isSigned { json.value(Int64(bitPattern: value)) } else { json.value(value) }
    case .hex, .requestFlags, .line: json.hex(value)
    case .boolean: json.value(value != 0)
    case .text(let capacity):
      let text = UnsafeRawBufferPointer(start: bytes + field.scalar.offset, count: capacity)
      json.value(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self))
    case .words(let count):
      json.array(0..<count) { json, index in
        json.hex(
          bytes.loadUnaligned(fromByteOffset: field.scalar.offset + 8 * index, as: UInt64.self))
      }
    case .setupFlags:
      json.array(SetupFlags(rawValue: UInt32(truncatingIfNeeded: value)).names) { $0.value($1) }
    case .sqeFlags:
      json.array(SQEFlags(rawValue: UInt8(truncatingIfNeeded: value)).names) { $0.value($1) }
    case .choice(let vocabulary): write(value, of: vocabulary, to: &json)
    case .bits(let vocabulary): json.array(vocabulary.names(of: value)) { $0.value($1) }
    case .object(let fields): json.object { write(fields, to: &$0) }
    case .trailingText:
      let text = record.trailer.prefix(Int(clamping: value))
      json.value(String(decoding: text, as: UTF8.self))
    case .trailingPairs: json.array(pairs(of: field)) { $0.value($1) }
    }
  }

  private func write(_ value: UInt64, of vocabulary: RecordVocabulary, to json: inout JSONWriter) {
    if let name = vocabulary.name(of: value) { return json.value(name) }
    switch vocabulary.unknown {
    case .null: json.null()
    case .number: json.value("\(value)")
    case .text: json.value("unknown" as StaticString)
    }
  }

  /// The numbers of the pairs that belong to a field: those of the fields before it come first.
  private func pairs(of field: RecordField) -> [UInt32] {
    var first = 0
    for other in record.pointee.kind.descriptor?.fields ?? [] {
      guard case .trailingPairs = other.format else { continue }
      let count = Int(clamping: other.scalar.load(from: bytes))
      if other.scalar == field.scalar {
        let numbers = record.trailer.bindMemory(to: UInt32.self)
        return Array(numbers.dropFirst(2 * first).prefix(2 * count))
      }
      first += count
    }
    return []
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
      json.field("command_name", GroupProviderTraits.command(number).map { "\($0.command.name)" })
    case .fuseCommand:
      json.field("command_name", GroupProvider.fuse.commandName(number).map { "\($0)" })
    case .cmdOp:
      // The last field of an SQE.
      let sqe = (bytes + field.end - MemoryLayout<SQE>.size).loadUnaligned(as: SQE.self)
      if Opcode(rawValue: sqe.opcode).properties.off?.name == "cmd_op" {
        json.field("cmd_op", UInt32(truncatingIfNeeded: sqe.off))
      }
    }
  }
}
