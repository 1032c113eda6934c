import CRecord

/// The largest numbers that a recording may contain, small enough that arithmetic on them cannot overflow.
///
/// All 64-bit times, durations, counts and sizes are bounded, according to the description of the kinds: an integer
/// field is bounded unless it is `@hex` or `@any`. For summed fields (`@summed`), the sum is bounded too.
public struct RecordBounds: Sendable {
  /// 36 years in nanoseconds. A 64-bit integer can hold the sum of eight such numbers, or ten times one of them.
  public static let largest: UInt64 = 1 << 60

  /// Sum of the `@summed` fields of all records so far, and of the counts in their pairs.
  private var sum: UInt64 = 0

  public init() {}

  /// True if a record's numbers are within their bounds. The record's size must be valid.
  public mutating func admit(_ record: UnsafePointer<record>) -> Bool {
    let header = record.pointee
    guard header.time_ns <= Self.largest else { return false }
    for field in Self.fields[Int(header.kind.rawValue)]
    where field.end <= Int(header.size) {
      let value = field.scalar.load(from: record)
      if field.null == .maximum, value == .max { continue }
      let magnitude = field.scalar.isSigned ? Int64(bitPattern: value).magnitude : value
      guard magnitude <= Self.largest else { return false }
      // Cannot overflow: both are far below the largest integer.
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

  /// Sizes of records of a kind in which no field but the time is bounded; nil if there are none.
  static func unboundedSizes(of kind: RecordKind) -> Range<Int>? {
    let least = kind.minimumSize
    let firstEnd = fields[Int(kind.rawValue)].map(\.end).min() ?? Int(UInt16.max) + 1
    return least < firstEnd ? least..<firstEnd : nil
  }

  /// The bounded fields, by number of the kind.
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
