import CRecord

/// Writes records as they are.
final class BinaryEncoder: TraceEncoder {
  private let header: RecordingHeader
  private var recordCount: UInt64 = 0

  init(header: RecordingHeader) {
    self.header = header
  }

  func begin(into output: inout [UInt8]) {
    output.append(contentsOf: header.encoded)
  }

  func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    output.append(contentsOf: records)
    for _ in RecordSequence(bytes: records) { recordCount += 1 }
  }

  func end(time: UInt64, lost: UInt64, into output: inout [UInt8]) {
    var end = record_end()
    end.base.time_ns = time
    end.base.size = UInt16(MemoryLayout<record_end>.size)
    end.base.kind = .end
    end.base.opcode = UInt8(RECORD_OPCODE_NONE)
    end.records = recordCount
    end.lost = lost
    withUnsafeBytes(of: end) { output.append(contentsOf: $0) }
  }

  func lastBoundary(in output: [UInt8], limit: Int) -> Int {
    output.withUnsafeBytes { bytes in
      var boundary = 0
      if bytes.starts(with: RecordingHeader.magic) {
        boundary = MemoryLayout<recording_header>.size
        guard boundary <= limit else { return 0 }
      }
      while boundary + MemoryLayout<record>.size <= bytes.count {
        let size = Int(bytes.loadUnaligned(fromByteOffset: boundary, as: record.self).size)
        guard size > 0, boundary + size <= limit else { break }
        boundary += size
      }
      return boundary
    }
  }
}
