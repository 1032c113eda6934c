import CRecord

/// Writes records without blocks, as early versions of uringtop did. Only tests use it: they check
/// that recordings of those versions stay readable.
package final class PlainEncoder: TraceEncoder {
  private let header: RecordingHeader
  package let isFull = false

  package init(header: RecordingHeader) {
    self.header = header
  }

  package func begin(into output: inout [UInt8]) {
    output.append(contentsOf: header.encoded(.records))
  }

  package func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    output.append(contentsOf: records)
  }

  package func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {
    let end = record_end(time: time, records: records, lost: lost)
    withUnsafeBytes(of: end) { output.append(contentsOf: $0) }
  }

  package func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
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
