import CRecord

/// Bounds on the numbers in a recording, small enough that arithmetic on valid numbers cannot
/// overflow.
///
/// Times, durations, counts and sizes of 64 bits are bounded. According to the description of the
/// kinds (bpf/include/records), these are all 64-bit integer fields without `@hex` and `@any`. The
/// sum of all `@summed` fields is bounded too.
public struct RecordBounds: Sendable {
  /// The largest valid number: 36 years in nanoseconds. A 64-bit integer can hold the sum of eight
  /// such numbers, or ten times one of them.
  public static let largest: UInt64 = 1 << 60

  /// Sum of the `@summed` fields of all records so far, and of the counts in the pairs of their
  /// `counts` records.
  private var sum: UInt64 = 0

  public init() {}

  /// Returns true if all numbers of a record are within their bounds, and adds its `@summed` fields
  /// to the sum. The record's size must be valid.
  public mutating func admit(_ record: UnsafePointer<record>) -> Bool {
    let header = record.pointee
    guard header.time_ns <= Self.largest else { return false }
    for field in Self.fields[Int(header.kind.rawValue)]
    where field.end <= Int(header.size) {
      let value = field.scalar.load(from: record)
      if field.null == .maximum, value == .max { continue }
      let magnitude = field.scalar.isSigned ? Int64(bitPattern: value).magnitude : value
      guard magnitude <= Self.largest else { return false }
      // Cannot overflow: `sum` and `magnitude` are at most `largest`.
      if field.isSummed { sum += magnitude }
      guard sum <= Self.largest else { return false }
    }
    if header.kind == .counts { addPairs(of: record) }
    return sum <= Self.largest
  }

  private mutating func addPairs(of record: UnsafePointer<record>) {
    let numbers = record.trailer
    for offset in stride(from: 4, through: numbers.count - 4, by: 8) {
      sum += UInt64(numbers.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
  }

  /// Returns the sizes of those records of a kind that contain no bounded field except the time;
  /// nil if there is no such size. Records can be shorter than their struct.
  static func unboundedSizes(of kind: RecordKind) -> Range<Int>? {
    let least = kind.minimumSize
    let firstEnd = fields[Int(kind.rawValue)].map(\.end).min() ?? Int(UInt16.max) + 1
    return least < firstEnd ? least..<firstEnd : nil
  }

  /// The bounded fields of each kind, by number of the kind.
  private static let fields: [[RecordField]] = {
    var fields = [[RecordField]](repeating: [], count: 256)
    for kind in RecordKind.all {
      fields[Int(kind.rawValue)] = kind.descriptor.map { bounded($0.fields) } ?? []
    }
    return fields
  }()

  private static func bounded(_ fields: [RecordField]) -> [RecordField] {
    fields.flatMap { field in
      if case .object(let nested) = field.format { return bounded(nested) }
      guard case .integer = field.format, field.scalar.width == 8, !field.isAny else { return [] }
      return [field]
    }
  }
}
