import CRecord
import Testing
import UringRecords

@testable import UringRecordings
@testable import UringSources

/// Tests of intact and damaged recordings in the block format (compressed blocks of records).
@Suite struct BlockTests {
  let stream = SampleStream(repetitions: 200)

  /// A recording with a few records in each block, and the byte offsets at which its blocks begin.
  private struct File {
    var bytes: [UInt8] = []
    var starts: [Int] = []
    /// Number of records in each block. The last block has only the end record.
    var counts: [UInt64] = []

    init(_ stream: SampleStream, isHurried: Bool = false, each: Int = 20) {
      let encoder = BlockEncoder(
        header: RecordingHeader(toolVersion: "0.0.1", host: SampleStream.host))
      encoder.isBehind = isHurried
      encoder.begin(into: &bytes)
      stream.buffer.bytes.withUnsafeBytes { all in
        var records = Array(RecordSequence(bytes: all))
        while !records.isEmpty {
          let some = records.prefix(each)
          let size = some.reduce(0) { $0 + Int($1.pointee.size) }
          starts.append(bytes.count)
          counts.append(UInt64(some.count))
          encoder.encode(
            UnsafeRawBufferPointer(start: some[some.startIndex], count: size), into: &bytes)
          records.removeFirst(some.count)
        }
      }
      starts.append(bytes.count)
      counts.append(0)
      encoder.end(time: stream.time, records: stream.buffer.count, lost: 7, into: &bytes)
      starts.append(bytes.count)
    }

    var headSize: Int { BlockHead.size }
  }

  @Test(arguments: [false, true]) func recordsComeBack(isHurried: Bool) throws {
    let file = File(stream, isHurried: isHurried)
    for size in [1 << 8, 1 << 22] {
      let recording = try Recording(bytes: file.bytes, blockSize: size)
      #expect(recording.flaw == nil)
      #expect(recording.hasEnd)
      #expect(recording.lost == 7)
      #expect(recording.recordCount == stream.buffer.count)
      #expect(recording.withRecordBytes { Array($0) } == stream.buffer.bytes)
    }
  }

  @Test func manyRecordsTakeFewBytes() {
    let stream = SampleStream(repetitions: 5_000)
    let quick = File(stream, isHurried: true, each: 4_000).bytes.count
    let small = File(stream, each: 4_000).bytes.count
    #expect(quick < stream.buffer.bytes.count / 4)
    #expect(small < quick)
  }

  @Test func manyLargeBlocksComeBack() throws {
    let stream = SampleStream(repetitions: 5_000)
    let recording = try Recording(bytes: stream.encoded(.uring))
    #expect(recording.flaw == nil)
    #expect(recording.withRecordBytes { Array($0) } == stream.buffer.bytes)
  }

  @Test func recordsOfManyKindsComeBack() throws {
    // 300 record sizes are more than the 256 classes that `RecordDifferences` can have.
    var buffer = RecordBuffer()
    for size in 0..<300 {
      var name = record_file_name()
      name.base.time_ns = 1
      name.base.kind = .fileName
      name.length = UInt32(size * 8)
      buffer.append(name, text: repeatElement(UInt8(ascii: "x"), count: size * 8))
    }
    let encoder = TraceFormat.uring.makeEncoder(
      header: RecordingHeader(toolVersion: "", host: SampleStream.host))
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    encoder.end(time: 2, records: buffer.count, lost: 0, into: &bytes)
    let recording = try Recording(bytes: bytes)
    #expect(recording.flaw == nil)
    #expect(recording.withRecordBytes { Array($0) } == buffer.bytes)
  }

  // MARK: Damage

  /// The offsets are relative to the start of a block: in its magic, in its head and in its
  /// content.
  @Test(arguments: [0, 9, 17, 40, BlockHead.size, BlockHead.size + 30])
  func aDamagedBlockAloneIsLeftOut(offset: Int) throws {
    let whole = File(stream)
    for index in [0, 3, whole.counts.count - 2] {
      var file = whole
      file.bytes[file.starts[index] + offset] ^= 0x40
      for size in [1 << 8, 1 << 22] {
        let recording = try Recording(bytes: file.bytes, blockSize: size)
        #expect(
          recording.flaw
            == .damaged(
              place: UInt64(file.starts[index]), blocks: 1, records: file.counts[index],
              isCutOff: false))
        #expect(recording.hasEnd)
        #expect(recording.lost == 7 + file.counts[index])
        // The reader adds one loss record for the block.
        #expect(recording.recordCount == stream.buffer.count - file.counts[index] + 1)
        let snapshot = recording.snapshot(at: nil)
        #expect(snapshot.lost.damaged == file.counts[index])
        #expect(snapshot.recordCount == recording.recordCount)
      }
    }
  }

  @Test(arguments: [-100, -1, 1, 1_000]) func missingAndSurplusBytesCostOneBlock(
    change: Int
  ) throws {
    var file = File(stream)
    let place = file.starts[3] + BlockHead.size + 20
    if change < 0 {
      file.bytes.removeSubrange(place..<place - change)
    } else {
      file.bytes.insert(contentsOf: repeatElement(0xf5, count: change), at: place)
    }
    let recording = try Recording(bytes: file.bytes)
    #expect(
      recording.flaw
        == .damaged(
          place: UInt64(file.starts[3]), blocks: 1, records: file.counts[3], isCutOff: false))
    #expect(recording.recordCount == stream.buffer.count - file.counts[3] + 1)
  }

  @Test func aBlockWithoutATraceIsMissed() throws {
    var file = File(stream)
    file.bytes.removeSubrange(file.starts[2]..<file.starts[4])
    let recording = try Recording(bytes: file.bytes)
    #expect(
      recording.flaw
        == .damaged(
          place: UInt64(file.starts[2]), blocks: 1, records: file.counts[2] + file.counts[3],
          isCutOff: false))
  }

  @Test func aTornFileLosesItsLastBlock() throws {
    let file = File(stream)
    let index = file.counts.count / 2
    let before = file.counts[..<index].reduce(0, +)
    for length in [1, BlockHead.size - 1, BlockHead.size, BlockHead.size + 1] {
      let recording = try Recording(bytes: Array(file.bytes[..<(file.starts[index] + length)]))
      #expect(recording.flaw == .cutOff)
      #expect(recording.recordCount == before)
      #expect(!recording.hasEnd)
    }
    // Pages of the file that were never written read as zeros.
    let zeros = Array(file.bytes[..<file.starts[index]]) + [UInt8](repeating: 0, count: 10_000)
    #expect(try Recording(bytes: zeros).flaw == .cutOff)
    var damaged = Array(file.bytes[..<(file.starts[index] + 10)])
    damaged[file.starts[1] + BlockHead.size] ^= 1
    #expect(
      try Recording(bytes: damaged).flaw
        == .damaged(
          place: UInt64(file.starts[1]), blocks: 1, records: file.counts[1], isCutOff: true))
  }

  @Test func whatFollowsTheEndIsCorrupt() throws {
    let file = File(stream)
    let recording = try Recording(bytes: file.bytes + [1])
    #expect(recording.flaw == .corrupt(place: UInt64(file.bytes.count), isLine: false))
    #expect(recording.recordCount == stream.buffer.count)
  }

  @Test func newerFormatIsRefused() {
    var bytes = File(stream).bytes
    bytes[10] = 2
    #expect(throws: RecordingError.newerFormat(2)) { try Recording(bytes: bytes) }
  }

  // MARK: Hostile files

  /// Block heads with valid checksums, but with sizes or counts that are too large.
  @Test func claimsAreBounded() throws {
    let whole = File(stream)
    let start = whole.starts[3]
    let claims: [(inout recording_block) -> Void] = [
      { $0.size = .max }, { $0.size = UInt32(RECORDING_BLOCK_LARGEST) }, { $0.stored = .max },
      { $0.coding = 3 }, { $0.coding = 1 }, { $0.coding = 0 }, { $0.coding = 7 },
      { $0.size -= 8 }, { $0.size += 8 }, { $0.size = 0 },
      { $0.records = .max }, { $0.first_record = .max }, { $0.first_record = 1 << 60 },
      { $0.first_record = 0 }, { $0.first_ns = .max },
    ]
    for claim in claims {
      var file = whole
      file.bytes.withUnsafeMutableBytes { bytes in
        var head = BlockHead()
        head.stored = bytes.loadUnaligned(fromByteOffset: start, as: recording_block.self)
        claim(&head.stored)
        head.encode(into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
      }
      let recording = try Recording(bytes: file.bytes)
      let before = whole.counts[..<3].reduce(0, +)
      #expect(recording.recordCount >= before)
      // The reader adds one loss record for a block that it leaves out.
      #expect(recording.recordCount <= stream.buffer.count + 1)
      _ = recording.snapshot(at: nil)
    }
  }

  /// A compressed frame that expands to thousands of times its size.
  @Test func aBombIsLeftOut() throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    var frame = [UInt8](repeating: 0, count: 1 << 16)
    let count = try #require(
      zeros.withUnsafeBytes { zeros in
        frame.withUnsafeMutableBytes { BlockCompressor().compress(zeros, into: $0) }
      })
    for coding in [UInt32(RECORDING_ZSTD), UInt32(RECORDING_ZSTD | RECORDING_DIFFERENCES)] {
      var bytes = RecordingHeader(toolVersion: "", host: SampleStream.host).encoded(.blocks)
      let place = bytes.count
      var head = BlockHead()
      head.stored.size = UInt32(RECORDING_BLOCK_LARGEST)
      head.stored.stored = UInt32(count)
      head.stored.coding = coding
      head.stored.records = 5
      head.stored.stored_check = frame.withUnsafeBytes {
        BlockHead.sum(of: UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
      bytes += [UInt8](repeating: 0, count: BlockHead.size)
      bytes.withUnsafeMutableBytes {
        head.encode(into: UnsafeMutableRawBufferPointer(rebasing: $0[place...]))
      }
      bytes += frame[..<count]
      let recording = try Recording(bytes: bytes)
      #expect(
        recording.flaw == .damaged(place: UInt64(place), blocks: 1, records: 5, isCutOff: true))
    }
  }
}
