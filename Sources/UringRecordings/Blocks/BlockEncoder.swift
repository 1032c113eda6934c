import CRecord
import UringRecords

/// Writes records in compressed blocks that can be decoded independently.
///
/// Even when time is short, records are stored as differences from earlier records, because that
/// takes less time than writing the longer originals. zstd makes the blocks still smaller. It is
/// left out while the writer is behind (``isBehind``).
final class BlockEncoder: TraceEncoder {
  private let header: RecordingHeader
  private let compressor = BlockCompressor()
  /// Buffers for a block: as differences, and after compression.
  private var differences = [UInt8](
    repeating: 0, count: RecordDifferences.mostBytes(for: usualSize))
  private var compressed = [UInt8](repeating: 0, count: usualSize)
  /// Number of records in the blocks encoded so far.
  private(set) var recordCount: UInt64 = 0

  let isFull = false
  let stepBytes = usualSize
  var isBehind = false

  /// Maximum number of bytes of records in a block: few enough to stay in the processor's cache.
  private static let usualSize = 1 << 18

  init(header: RecordingHeader) {
    self.header = header
  }

  func begin(into output: inout [UInt8]) {
    output.append(contentsOf: header.encoded(.blocks))
  }

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    var start = 0
    while start < records.count {
      let end = Self.end(of: records, from: start)
      appendBlock(UnsafeRawBufferPointer(rebasing: records[start..<end]), to: &output)
      start = end
    }
  }

  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {
    let end = record_end(time: time, records: records, lost: lost)
    withUnsafeBytes(of: end) { appendBlock($0, to: &output) }
  }

  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    var boundary = 0
    if output.starts(with: RecordingHeader.magic) {
      boundary = MemoryLayout<recording_header>.size
      guard boundary <= limit else { return 0 }
    }
    while let head = BlockHead(UnsafeRawBufferPointer(rebasing: output[boundary...])),
      boundary + head.length <= limit
    {
      boundary += head.length
    }
    return boundary
  }

  /// Offset of the end of the block that begins at `start`. A block has only whole records.
  private static func end(of records: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard records.count - start > usualSize else { return records.count }
    var end = start
    while end < records.count {
      let size = Int(records.loadUnaligned(fromByteOffset: end, as: record.self).size)
      guard size > 0, end + size - start <= usualSize else { break }
      end += size
    }
    return end == start ? start + usualSize : end
  }

  private func appendBlock(_ records: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    var head = BlockHead()
    head.stored.size = UInt32(records.count)
    head.stored.first_record = recordCount
    let sums = differences.withUnsafeMutableBytes {
      RecordDifferences.encode(records, into: $0)
    }
    if let sums {
      note(sums, in: &head)
      head.stored.coding = UInt32(RECORDING_DIFFERENCES)
      differences.withUnsafeBytes { bytes in
        append(
          UnsafeRawBufferPointer(rebasing: bytes[..<sums.stored]), besides: records, &head,
          to: &output)
      }
    } else {
      note(Self.sums(of: records), in: &head)
      append(records, besides: records, &head, to: &output)
    }
  }

  private func note(_ sums: RecordDifferences.Sums, in head: inout BlockHead) {
    head.stored.records = sums.records
    head.stored.first_ns = sums.firstTime
    head.stored.last_ns = sums.lastTime
    recordCount += UInt64(sums.records)
  }

  /// Appends a block. Compresses its content if that makes the block shorter.
  private func append(
    _ content: UnsafeRawBufferPointer, besides records: UnsafeRawBufferPointer,
    _ head: inout BlockHead, to output: inout [UInt8]
  ) {
    if !isBehind, let count = compress(content, of: records.count) {
      head.stored.coding |= UInt32(RECORDING_ZSTD)
      compressed.withUnsafeBytes {
        append(&head, UnsafeRawBufferPointer(rebasing: $0[..<count]), to: &output)
      }
    } else if content.count < records.count {
      append(&head, content, to: &output)
    } else {
      head.stored.coding = 0
      append(&head, records, to: &output)
    }
  }

  /// Compresses the content and returns the compressed size. Returns nil if the result is not
  /// shorter, or so short that a reader would refuse it (`RECORDING_BLOCK_RATIO`).
  private func compress(_ content: UnsafeRawBufferPointer, of size: Int) -> Int? {
    let count = compressed.withUnsafeMutableBytes { compressor.compress(content, into: $0) }
    guard let count, count < content.count,
      size <= Int(RECORDING_BLOCK_RATIO) * (BlockHead.size + count)
    else { return nil }
    return count
  }

  private func append(
    _ head: inout BlockHead, _ content: UnsafeRawBufferPointer, to output: inout [UInt8]
  ) {
    head.stored.stored = UInt32(content.count)
    head.stored.stored_check = BlockHead.sum(of: content)
    withUnsafeTemporaryAllocation(byteCount: BlockHead.size, alignment: 8) { bytes in
      head.encode(into: bytes)
      output.append(contentsOf: UnsafeRawBufferPointer(bytes))
    }
    output.append(contentsOf: content)
  }

  private static func sums(of records: UnsafeRawBufferPointer) -> RecordDifferences.Sums {
    var sums = RecordDifferences.Sums()
    var offset = 0
    while offset + MemoryLayout<record>.size <= records.count {
      let head = records.loadUnaligned(fromByteOffset: offset, as: record.self)
      guard head.size > 0 else { break }
      sums.note(head.time_ns)
      offset += Int(head.size)
    }
    return sums
  }
}

extension record_end {
  init(time: UInt64, records: UInt64, lost: UInt64) {
    self.init()
    base.time_ns = time
    base.size = UInt16(MemoryLayout<record_end>.size)
    base.kind = .end
    base.opcode = UInt8(RECORD_OPCODE_NONE)
    self.records = records
    self.lost = lost
  }
}
