import CRecord
import UringRecords
import UringTrace

/// Reads the members of a JSON line into the fields of its record, as the descriptor of the
/// record's kind specifies.
struct LineFields {
  private var image = RecordImage()

  init(_ descriptor: RecordDescriptor, base: record) {
    image.begin(descriptor, base: base)
  }

  mutating func read(_ fields: [RecordField], from line: LineMembers) throws {
    for field in fields { try read(field, from: line) }
  }

  /// The whole record; empty if it is longer than a record can be.
  func finish() -> [UInt8] { image.finish() }

  private mutating func read(_ field: RecordField, from line: LineMembers) throws {
    if case .line = field.format { return try readLine(field, from: line) }
    if let condition = field.condition, image.load(condition) == 0 { return }
    if field.isAdded {
      guard line.names("\(field.name)") else { return }
      image.grow(to: field)
    }
    if let alternative = field.alternative, try line.has("\(alternative.name)") {
      if alternative.isHidden { image.store(1, in: alternative.selector) }
      return image.store(try integer(field, "\(alternative.name)", line), in: field.scalar)
    }
    let name = "\(field.name)"
    if field.null != nil || field.omitted != nil || field.isAdded, try !line.has(name) {
      if let null = field.valueOfNull { image.store(null, in: field.scalar) }
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
      return image.set(try line.string(name), at: field.scalar.offset, capacity: capacity)
    case .words(let count):
      let words = try line.words(name)
      guard words.count == count else { throw line.failure(name) }
      return words.withUnsafeBytes { image.set($0, at: field.scalar.offset) }
    case .setupFlags:
      guard let flags = SetupFlags(names: try line.strings(name)) else { throw line.failure(name) }
      value = UInt64(flags.rawValue)
    case .sqeFlags:
      guard let flags = SQEFlags(names: try line.strings(name)) else { throw line.failure(name) }
      value = UInt64(flags.rawValue)
    case .choice(let vocabulary): value = try choice(vocabulary, field, name, line)
    case .bits(let vocabulary):
      guard let bits = vocabulary.value(of: try line.strings(name)) else {
        throw line.failure(name)
      }
      value = bits
    case .object(let fields): return try read(fields, from: line.object(name))
    case .trailingText(let limit):
      let text = try line.string(name).utf8.prefix(limit)
      image.append(text)
      value = UInt64(text.count)
    case .trailingPairs:
      let numbers = try line.numbers(name)
      guard numbers.count.isMultiple(of: 2) else { throw line.failure(name) }
      numbers.withUnsafeBytes { image.append($0) }
      value = UInt64(numbers.count / 2)
    }
    image.store(value, in: field.scalar)
  }

  /// Reads an opcode or `user_data` field of the record. The line has a separate member for it only
  /// if it differs from the event's own value.
  private mutating func readLine(_ field: RecordField, from line: LineMembers) throws {
    let value: UInt64
    if field.scalar.width == 1 {
      value = UInt64(try line.number("sqe_opcode") ?? line.opcode())
    } else if try line.has("record_user_data") {
      value = try line.hex("record_user_data")
    } else {
      value = try line.hex("\(field.name)")
    }
    image.store(value, in: field.scalar)
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
    let text = try line.has(name) ? try line.string(name) : nil
    if let value = vocabulary.value(of: text), value <= field.scalar.maximum { return value }
    // A field that was added after its kind may have an invalid value, because earlier versions
    // never checked it in a trace.
    if field.isAdded { return 0 }
    // Earlier versions of uringtop wrote this text for every value without a name.
    if text == RecordVocabulary.unknownText { return field.scalar.maximum }
    throw line.failure(name)
  }
}
