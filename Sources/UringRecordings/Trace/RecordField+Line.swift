import CRecord
import UringRecords

/// The form in which a JSON line expresses a field of its record.
extension RecordField {
  /// True if the record's line expresses the field: in a separate member, or in the `opcode` or
  /// `user_data` that every line has.
  func isMember(of record: UnsafePointer<record>) -> Bool {
    if isAdded, end > Int(record.pointee.size) { return false }
    if case .line = format { return true }
    let bytes = UnsafeRawPointer(record)
    if let condition, condition.load(from: bytes) == 0 { return false }
    guard let omitted else { return true }
    return UnsafeRawBufferPointer(start: bytes, count: omitted.upperBound)[omitted]
      .contains { $0 != 0 }
  }

  func isNull(_ value: UInt64, in record: UnsafePointer<record>) -> Bool {
    switch null {
    case .maximum: value == scalar.maximum
    case .negative: Int64(bitPattern: value) < 0
    // An object is null if its first field, at the object's offset, is 0.
    case .zero:
      UnsafeRawPointer(record).loadUnaligned(fromByteOffset: scalar.offset, as: UInt64.self) == 0
    case nil: false
    }
  }

  /// The value that a reader stores in the field for null. Nil if it leaves the field 0.
  var valueOfNull: UInt64? {
    switch null {
    case .maximum, .negative: .max
    case .zero, nil: nil
    }
  }

  /// The text in an array of characters. Replaces bytes that are not UTF-8.
  func text(in record: UnsafePointer<record>, capacity: Int) -> String {
    let text = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + scalar.offset, count: capacity)
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The text behind the record's struct. Replaces bytes that are not UTF-8.
  func trailingText(in record: UnsafePointer<record>, length: UInt64) -> String {
    String(decoding: record.trailer.prefix(Int(clamping: length)), as: UTF8.self)
  }

  /// The numbers of the field's pairs behind the record's struct. The pairs of earlier fields
  /// precede them.
  func trailingPairs(in record: UnsafePointer<record>) -> [UInt32] {
    var first = 0
    for other in record.pointee.kind.descriptor?.fields ?? [] {
      guard case .trailingPairs = other.format else { continue }
      let count = Int(clamping: other.scalar.load(from: record))
      if other.scalar == scalar {
        let numbers = record.trailer.bindMemory(to: UInt32.self)
        return Array(numbers.dropFirst(2 * first).prefix(2 * count))
      }
      first += count
    }
    return []
  }
}
