import CRecord
import UringRecords
import UringTrace

/// Reads the members of a line into the fields of its record, as the kind's description says.
struct LineFields {
  private var bytes: [UInt8]
  private var trailer: [UInt8] = []
  /// Bytes of the record without what follows its struct.
  private var size: Int

  init(_ descriptor: RecordDescriptor, base: record) {
    bytes = [UInt8](repeating: 0, count: descriptor.fullSize)
    size = descriptor.minimumSize
    withUnsafeBytes(of: base) { bytes.replaceSubrange(0..<$0.count, with: $0) }
  }

  mutating func read(_ fields: [RecordField], from line: LineMembers) throws {
    for field in fields { try read(field, from: line) }
  }

  /// The whole record; empty if it is longer than a record can be.
  consuming func finish() -> [UInt8] {
    var record = Array(bytes[..<size]) + trailer
    record += repeatElement(0, count: (8 - record.count & 7) & 7)
    guard let size = UInt16(exactly: record.count) else { return [] }
    let offset = MemoryLayout<record>.offset(of: \.size) ?? 0
    withUnsafeBytes(of: size) { record.replaceSubrange(offset..<offset + $0.count, with: $0) }
    return record
  }

  private mutating func read(_ field: RecordField, from line: LineMembers) throws {
    if case .line = field.format { return try readLine(field, from: line) }
    if let condition = field.condition, load(condition) == 0 { return }
    if field.isAdded {
      guard line.names("\(field.name)") else { return }
      size = max(size, (field.end + 7) & ~7)
    }
    if let alternative = field.alternative, try line.has("\(alternative.name)") {
      if alternative.isHidden { store(1, in: alternative.selector) }
      return store(try integer(field, "\(alternative.name)", line), in: field.scalar)
    }
    let name = "\(field.name)"
    if field.null != nil || field.omitted != nil || field.isAdded, try !line.has(name) {
      switch field.null {
      case .maximum, .negative: store(UInt64.max, in: field.scalar)
      case .zero, nil: break
      }
      return
    }
    try read(field, name, from: line)
  }

  private mutating func read(_ field: RecordField, _ name: String, from line: LineMembers) throws {
    let value: UInt64
    switch field.format {
    case .integer: value = try integer(field, name, line)
    case .hex, .requestFlags, .line: value = try line.hex(name)
    case .boolean: value = try line.bool(name) ? 1 : 0
    case .text(let capacity):
      return set(try line.string(name), at: field.scalar.offset, capacity: capacity)
    case .words(let count):
      let words = try line.words(name)
      guard words.count == count else { throw line.failure(name) }
      words.withUnsafeBytes {
        let start = field.scalar.offset
        bytes.replaceSubrange(start..<start + $0.count, with: $0)
      }
      return
    case .setupFlags:
      guard let flags = SetupFlags(names: try line.strings(name)) else { throw line.failure(name) }
      value = UInt64(flags.rawValue)
    case .sqeFlags:
      guard let flags = SQEFlags(names: try line.strings(name)) else { throw line.failure(name) }
      value = UInt64(flags.rawValue)
    case .choice(let vocabulary): value = try choice(vocabulary, field, name, line)
    case .bits(let vocabulary):
      value = try line.strings(name).reduce(into: 0) { bits, text in
        guard let bit = vocabulary.value(named: text) else { throw line.failure(name) }
        bits |= bit
      }
    case .object(let fields): return try read(fields, from: line.object(name))
    case .trailingText(let limit):
      let text = try line.string(name).utf8.prefix(limit)
      trailer += text
      value = UInt64(text.count)
    case .trailingPairs:
      let numbers = try line.numbers(name)
      guard numbers.count.isMultiple(of: 2) else { throw line.failure(name) }
      numbers.withUnsafeBytes { trailer += $0 }
      value = UInt64(numbers.count / 2)
    }
    store(value, in: field.scalar)
  }

  /// A member that the line has for the event.
  private mutating func readLine(_ field: RecordField, from line: LineMembers) throws {
    let value: UInt64
    if field.scalar.width == 1 {
      value = UInt64(try line.number("sqe_opcode") ?? line.opcode())
    } else if try line.has("record_user_data") {
      value = try line.hex("record_user_data")
    } else {
      value = try line.hex("\(field.name)")
    }
    store(value, in: field.scalar)
  }

  private func integer(_ field: RecordField, _ name: String, _ line: LineMembers) throws -> UInt64 {
    switch (field.scalar.width, field.scalar.isSigned) {
    case (1, _): UInt64(try line.integer(name) as UInt8)
    case (2, _): UInt64(try line.integer(name) as UInt16)
    case (4, false): UInt64(try line.integer(name) as UInt32)
    case (4, true): UInt64(bitPattern: Int64(try line.integer(name) as Int32))
    case (_, false): try line.integer(name)
    case (_, true): UInt64(bitPattern: try line.integer(name))
    }
  }

  private func choice(
    _ vocabulary: RecordVocabulary, _ field: RecordField, _ name: String, _ line: LineMembers
  ) throws -> UInt64 {
    if vocabulary.unknown == .null, try !line.has(name) { return 0 }
    let text = try line.string(name)
    if let value = vocabulary.value(named: text) { return value }
    // Traces have had no check of fields that came later.
    if field.isAdded { return 0 }
    guard vocabulary.unknown == .number, let value = UInt32(text), (1..<64).contains(value) else {
      throw line.failure(name)
    }
    return UInt64(value)
  }

  // MARK: Bytes

  private func load(_ scalar: RecordField.Scalar) -> UInt64 {
    bytes.withUnsafeBytes { scalar.load(from: $0.baseAddress!) }
  }

  private mutating func store(_ value: UInt64, in scalar: RecordField.Scalar) {
    bytes.withUnsafeMutableBytes { scalar.store(value, in: $0.baseAddress!) }
  }

  private mutating func set(_ text: String, at offset: Int, capacity: Int) {
    bytes.withUnsafeMutableBytes {
      CharArray.copy(
        text, into: UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + capacity]))
    }
  }
}
