/// A field of an SQE: the name that it has for the opcode, and its value as text.
public struct SQEField: Hashable, Sendable {
  public var name: String
  public var value: String
}

extension Request {
  /// All fields of the SQE that have a meaning for its opcode; empty if the SQE is unknown.
  ///
  /// Rarely used fields are omitted if they are 0.
  public var sqeFields: [SQEField] { core.sqeFields(commandName: commandName) }
}

extension Request.Core {
  fileprivate func sqeFields(commandName: String?) -> [SQEField] {
    guard isSQEKnown else { return [] }
    let properties = opcode.properties
    let sqeFlags = SQEFlags(rawValue: sqe.flags)
    var fields = SQEFieldList()
    fields.add("opcode", opcode.name)
    fields.add("flags", sqeFlags.names.isEmpty ? "0" : sqeFlags.names.joined(separator: "|"))

    switch file {
    case .descriptor(let fd)?: fields.add("fd", String(fd))
    case .fixed(let index)?: fields.add("fixed_file", String(index))
    // `fd` is a directory (AT_FDCWD is -100), an index that belongs to the ring, or meaningless.
    case nil: if sqe.fd != 0 && sqe.fd != -1 { fields.add("fd", String(sqe.fd)) }
    }
    // cmd_op is the low half of the 64-bit `off`.
    let off = properties.off?.name == "cmd_op" ? sqe.off & 0xffff_ffff : sqe.off
    fields.add(properties.off, off, else: "off")
    if let command = commandName { fields.add("command", command) }
    fields.add(properties.addr, sqe.addr, else: "addr")
    fields.add(
      properties.len, UInt64(sqe.len), signed: Int64(Int32(bitPattern: sqe.len)), else: "len")
    fields.add(properties.flags, UInt64(sqe.op_flags), else: "op_flags")
    fields.add(properties.ioprio, UInt64(sqe.ioprio), else: "ioprio")

    if sqeFlags.contains(.bufferSelect) {
      fields.add("buf_group", String(sqe.buf_index))
    } else if properties.usesFixedBuffer || properties.fixedBufferFlag.isSet(in: sqe) {
      fields.add("buf_index", String(sqe.buf_index))
    } else if opcode.name.hasSuffix("_BUFFERS") {
      fields.add("buf_group", String(sqe.buf_index))
    } else if sqe.buf_index != 0 {
      fields.add("buf_index", String(sqe.buf_index))
    }
    fields.add("user_data", "0x" + String(sqe.user_data, radix: 16))
    if sqe.personality != 0 { fields.add("personality", String(sqe.personality)) }
    fields.add(
      sqe.file_index == 0 ? nil : properties.fileIndex, UInt64(sqe.file_index),
      signed: Int64(Int32(bitPattern: sqe.file_index)), else: "file_index")
    fields.add(sqe.addr3 == 0 ? nil : properties.addr3, sqe.addr3, else: "addr3")
    fields.add(nil, sqe.pad2, else: properties.addr3?.name == "cmd[0]" ? "cmd[1]" : "pad2")
    return fields.fields
  }
}

/// ``Request/sqeFields`` under construction.
private struct SQEFieldList {
  var fields: [SQEField] = []

  mutating func add(_ name: String, _ value: String) {
    fields.append(SQEField(name: name, value: value))
  }

  /// Adds a word of the SQE. If the word has no meaning for the opcode (`field` is nil), adds it
  /// under its plain name, and only if it is not 0.
  mutating func add(
    _ field: OpcodeProperties.Field?, _ value: UInt64, signed: Int64? = nil, else name: String
  ) {
    guard let field else {
      if value != 0 { add(name, "0x" + String(value, radix: 16)) }
      return
    }
    add(field.name, field.text(value, signed: signed))
  }
}

extension OpcodeProperties.Field {
  /// The text of a value in the field's format.
  ///
  /// - Parameter signed: the sign-extended value, for a signed field of fewer than 64 bits.
  package func text(_ value: UInt64, signed: Int64? = nil) -> String {
    switch format {
    case .decimal: String(value)
    case .signed: String(signed ?? Int64(bitPattern: value))
    case .hexadecimal: "0x" + String(value, radix: 16)
    case .octal: "0" + String(value, radix: 8)
    case .bits(let bits): bits.text(UInt32(truncatingIfNeeded: value))
    }
  }
}

extension OpcodeProperties.SQEBit {
  /// True if the SQE has this bit set.
  func isSet(in sqe: SQE) -> Bool {
    switch self {
    case .never: false
    case .always: true
    case .ioprio(let mask): sqe.ioprio & mask != 0
    case .length(let mask): sqe.len & mask != 0
    case .flags(let mask): sqe.op_flags & mask != 0
    }
  }
}
