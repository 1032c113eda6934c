import CRecord
import UringRecords

/// A binary recording in pieces.
struct RecordFile {
  var header: [UInt8]
  var records: [[UInt8]] = []

  static let headSize = MemoryLayout<record>.size
  private static let sizeOffset = MemoryLayout<record>.offset(of: \.size)!
  private static let kindOffset = MemoryLayout<record>.offset(of: \.kind)!

  /// Nil without a header.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 16, bytes.starts(with: Array(RECORDING_MAGIC.utf8)) else { return nil }
    // The oldest recordings have a shorter one.
    let size = (0..<4).reduce(0) { $0 | Int(bytes[12 + $1]) << (8 * $1) }
    guard size >= 32, size <= bytes.count else { return nil }
    header = Array(bytes[..<size])
    var offset = size
    while offset + Self.headSize <= bytes.count {
      let length =
        Int(bytes[offset + Self.sizeOffset]) | Int(bytes[offset + Self.sizeOffset + 1]) << 8
      guard length >= Self.headSize, offset + length <= bytes.count else { break }
      records.append(Array(bytes[offset..<offset + length]))
      offset += length
    }
  }

  /// Whole records, at most `limit` bytes.
  func bytes(limit: Int) -> [UInt8] {
    var bytes = header
    for record in records where bytes.count + record.count <= limit { bytes += record }
    return bytes
  }

  /// Some records of each kind that is there, in their order, at most `limit` bytes.
  func digest(limit: Int) -> [UInt8] {
    var digest = self
    var counts = [RecordKind: Int]()
    digest.records = records.filter { record in
      let kind = Self.kind(of: record)
      counts[kind, default: 0] += 1
      return counts[kind]! <= Self.mostOfAKind
    }
    return digest.bytes(limit: limit)
  }

  private static let mostOfAKind = 3

  static func kind(of record: [UInt8]) -> RecordKind { RecordKind(rawValue: record[kindOffset])! }

  /// A record of a kind, of zeros but for its head.
  static func empty(_ descriptor: RecordDescriptor, trailing: Int) -> [UInt8] {
    let size = (descriptor.structSize + trailing + 7) & ~7
    var record = [UInt8](repeating: 0, count: size)
    record[kindOffset] = descriptor.kind.rawValue
    record[sizeOffset] = UInt8(truncatingIfNeeded: size)
    record[sizeOffset + 1] = UInt8(truncatingIfNeeded: size >> 8)
    return record
  }
}
