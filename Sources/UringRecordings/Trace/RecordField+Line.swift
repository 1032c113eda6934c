import CRecord
import UringRecords

/// A field's value in a record, in the form of the record's line.
extension RecordField {
  /// True if the line has the field: as a member of its own, or as a member that all lines have.
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
    // The first field of an object is at the object's start.
    case .zero:
      UnsafeRawPointer(record).loadUnaligned(fromByteOffset: scalar.offset, as: UInt64.self) == 0
    case nil: false
    }
  }

  /// The value that a reader stores for null; nil if it stores none.
  var valueOfNull: UInt64? {
    switch null {
    case .maximum, .negative: .max
    case .zero, nil: nil
    }
  }

  /// The text of an array; bytes that are not UTF-8 are replaced.
  func text(in record: UnsafePointer<record>, capacity: Int) -> String {
    let text = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + scalar.offset, count: capacity)
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The text behind the struct; bytes that are not UTF-8 are replaced.
  func trailingText(in record: UnsafePointer<record>, length: UInt64) -> String {
    String(decoding: record.trailer.prefix(Int(clamping: length)), as: UTF8.self)
  }

  /// The numbers of the field's pairs, which follow those of earlier fields.
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
