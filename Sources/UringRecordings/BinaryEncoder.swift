import CRecord

/// Writes records unchanged.
final class BinaryEncoder: TraceEncoder {
  private let header: RecordingHeader
  let keepsRecords = true
  let isFull = false

  init(header: RecordingHeader) {
    self.header = header
  }

  func begin(into output: inout [UInt8]) {
    output.append(contentsOf: header.encoded)
  }

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    output.append(contentsOf: records)
  }

  func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {
    var end = record_end()
    end.base.time_ns = time
    end.base.size = UInt16(MemoryLayout<record_end>.size)
    end.base.kind = .end
    end.base.opcode = UInt8(RECORD_OPCODE_NONE)
    end.records = records
    end.lost = lost
    withUnsafeBytes(of: end) { output.append(contentsOf: $0) }
  }

  func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    var boundary = 0
    if output.starts(with: RecordingHeader.magic) {
      boundary = MemoryLayout<recording_header>.size
      guard boundary <= limit else { return 0 }
    }
    while boundary + MemoryLayout<record>.size <= output.count {
      let size = Int(output.loadUnaligned(fromByteOffset: boundary, as: record.self).size)
      guard size > 0, boundary + size <= limit else { break }
      boundary += size
    }
    return boundary
  }
}
