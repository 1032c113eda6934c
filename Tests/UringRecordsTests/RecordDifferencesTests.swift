import CRecord
import Testing
import UringRecords

@Suite struct RecordDifferencesTests {
  @Test func recordsComeBack() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      let records = Self.records(Int.random(in: 0...40, using: &random), &random)
      let stored = try #require(Self.encode(records))
      #expect(Self.decode(stored.bytes, size: records.count) == records)
      var count: UInt32 = 0
      records.withUnsafeBytes { for _ in RecordSequence(bytes: $0) { count += 1 } }
      #expect(stored.sums.records == count)
    }
  }

  @Test func likeRecordsTakeFewBytes() throws {
    var buffer = RecordBuffer()
    for index in 0..<1_000 {
      buffer.append(record_submit.self, at: UInt64(1_000_000 + index * 60), ring: 1, request: 2) {
        $0.sqe.user_data = UInt64(index)
      }
    }
    let stored = try #require(Self.encode(buffer.bytes))
    // A class, four bits of each eight bytes of words, and two bytes for each of the time and user_data.
    #expect(stored.bytes.count < 10 * 1_000)
    #expect(stored.sums.firstTime == 1_000_000)
    #expect(stored.sums.lastTime == 1_000_000 + 999 * 60)
  }

  @Test func tooManyClassesAreRefused() {
    var bytes: [UInt8] = []
    for opcode in 0...255 {
      var head = record()
      head.size = 32
      head.opcode = UInt8(opcode)
      withUnsafeBytes(of: head) { bytes += $0 }
    }
    #expect(Self.encode(bytes) == nil)
    #expect(Self.encode(Array(bytes.dropLast(32))) != nil)
  }

  @Test func anyBytesAreSurvived() throws {
    var random = SystemRandomNumberGenerator()
    let records = Self.records(50, &random)
    let stored = try #require(Self.encode(records)).bytes
    for _ in 0..<500 {
      var bytes = stored
      for _ in 0...Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      let size = Int.random(in: 0...2 * records.count, using: &random)
      guard let restored = Self.decode(bytes, size: size) else { continue }
      // Every record ends within the bytes.
      var offset = 0
      while offset < restored.count {
        offset += Int(restored[offset + 28]) | Int(restored[offset + 29]) << 8
      }
      #expect(offset == restored.count)
    }
    for length in stride(from: 0, to: stored.count, by: 1 + stored.count / 200) {
      #expect(Self.decode(Array(stored[..<length]), size: records.count) == nil)
    }
  }

  // MARK: Support

  private static func records(
    _ count: Int, _ random: inout SystemRandomNumberGenerator
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let size =
        8
        * (Int.random(in: 0...20, using: &random) == 0 ? 8191 : .random(in: 4...20, using: &random))
      var record = (0..<size).map { _ in
        Int.random(in: 0...2, using: &random) == 0 ? UInt8.random(in: 0...255, using: &random) : 0
      }
      record[28] = UInt8(size & 0xff)
      record[29] = UInt8(size >> 8)
      record[30] = UInt8.random(in: 0...3, using: &random)
      record[31] = 7
      bytes += record
    }
    return bytes
  }

  private static func encode(
    _ records: [UInt8]
  ) -> (bytes: [UInt8], sums: RecordDifferences.Sums)? {
    var output = [UInt8](repeating: 0, count: RecordDifferences.mostBytes(for: records.count))
    let sums = records.withUnsafeBytes { records in
      output.withUnsafeMutableBytes { RecordDifferences.encode(records, into: $0) }
    }
    return sums.map { (Array(output[..<$0.stored]), $0) }
  }

  private static func decode(_ stored: [UInt8], size: Int) -> [UInt8]? {
    let input = stored + [UInt8](repeating: 0xff, count: RecordDifferences.slack)
    var output = [UInt8](repeating: 0, count: size)
    let isWhole = input.withUnsafeBytes { input in
      output.withUnsafeMutableBytes {
        RecordDifferences.decode(
          UnsafeRawBufferPointer(rebasing: input[..<stored.count]), into: $0)
      }
    }
    return isWhole ? output : nil
  }
}
