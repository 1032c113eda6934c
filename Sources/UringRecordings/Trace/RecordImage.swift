import CRecord
import UringRecords
import UringTrace

/// The record that a JSON line of a trace describes, built from the line's members.
struct RecordImage {
  /// The struct with all fields of the kind, including those that this record lacks because it is
  /// older.
  private var bytes: [UInt8] = []
  /// Size of this record's struct, without the text or pairs behind it.
  private var size = 0
  private var trailer: [UInt8] = []

  /// Begins a record with its header, and zeros for its fields.
  mutating func begin(_ descriptor: RecordDescriptor, base: record) {
    bytes.removeAll(keepingCapacity: true)
    withUnsafeBytes(of: base) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: repeatElement(0, count: descriptor.fullSize - bytes.count))
    trailer.removeAll(keepingCapacity: true)
    size = descriptor.minimumSize
  }

  func load(_ scalar: RecordField.Scalar) -> UInt64 {
    bytes.withUnsafeBytes { scalar.load(from: $0.baseAddress!) }
  }

  mutating func store(_ value: UInt64, in scalar: RecordField.Scalar) {
    bytes.withUnsafeMutableBytes { scalar.store(value, in: $0.baseAddress!) }
  }

  mutating func set(_ text: String, at offset: Int, capacity: Int) {
    bytes.withUnsafeMutableBytes {
      CharArray.copy(
        text, into: UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + capacity]))
    }
  }

  mutating func set(_ words: UnsafeRawBufferPointer, at offset: Int) {
    bytes.replaceSubrange(offset..<offset + words.count, with: words)
  }

  /// Appends text or pairs behind the struct.
  mutating func append(_ bytes: some Sequence<UInt8>) { trailer += bytes }

  /// Extends the struct to include a field that was added after its kind.
  mutating func grow(to field: RecordField) { size = max(size, (field.end + 7) & ~7) }

  /// The whole record. Empty if it would exceed the maximum size of a record.
  func finish() -> [UInt8] {
    var record = Array(bytes[..<size]) + trailer
    record += repeatElement(0, count: (8 - record.count & 7) & 7)
    guard let size = UInt16(exactly: record.count) else { return [] }
    let offset = MemoryLayout<record>.offset(of: \.size) ?? 0
    withUnsafeBytes(of: size) { record.replaceSubrange(offset..<offset + $0.count, with: $0) }
    return record
  }

  // MARK: Limits of a line

  /// True if a reader can restore the record from its line, except for trailing zeros.
  ///
  /// A line cannot express reserved bytes, values without a name, or text that is not UTF-8.
  mutating func isExpressible(_ record: UnsafePointer<record>, _ descriptor: RecordDescriptor)
    -> Bool
  {
    begin(descriptor, base: record.pointee)
    take(descriptor.fields, of: record)
    let all = UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size))
    let length = size + trailer.count
    return length <= all.count && all[..<size].elementsEqual(bytes[..<size])
      && all[size..<length].elementsEqual(trailer) && all[length...].allSatisfy { $0 == 0 }
  }

  /// Sets the fields to the values that a reader decodes from the members that ``TraceFields``
  /// writes.
  private mutating func take(_ fields: [RecordField], of record: UnsafePointer<record>) {
    let memory = UnsafeRawPointer(record)
    for field in fields where field.isMember(of: record) {
      let value = field.scalar.load(from: memory)
      if field.isAdded { grow(to: field) }
      if let alternative = field.alternative, alternative.isHidden,
        alternative.isSelected(in: memory)
      {
        store(1, in: alternative.selector)
      }
      if field.isNull(value, in: record) {
        if let null = field.valueOfNull { store(null, in: field.scalar) }
      } else {
        take(value, field, of: record)
      }
    }
  }

  private mutating func take(
    _ value: UInt64, _ field: RecordField, of record: UnsafePointer<record>
  ) {
    let offset = field.scalar.offset
    switch field.format {
    // Flags without a name are also written, by bit number, so the value survives.
    case .integer, .hex, .line, .requestFlags, .setupFlags, .sqeFlags:
      store(value, in: field.scalar)
    case .boolean: store(value == 0 ? 0 : 1, in: field.scalar)
    case .text(let capacity):
      set(field.text(in: record, capacity: capacity), at: offset, capacity: capacity)
    case .words(let count):
      set(
        UnsafeRawBufferPointer(start: UnsafeRawPointer(record) + offset, count: 8 * count),
        at: offset)
    case .choice(let vocabulary):
      store(vocabulary.value(of: vocabulary.text(of: value)) ?? 0, in: field.scalar)
    case .bits(let vocabulary):
      store(vocabulary.value(of: vocabulary.names(of: value)) ?? 0, in: field.scalar)
    case .object(let fields): take(fields, of: record)
    case .trailingText(let limit):
      let text = field.trailingText(in: record, length: value).utf8.prefix(limit)
      append(text)
      store(UInt64(text.count), in: field.scalar)
    case .trailingPairs:
      let numbers = field.trailingPairs(in: record)
      numbers.withUnsafeBytes { append($0) }
      store(UInt64(numbers.count / 2), in: field.scalar)
    }
  }
}
