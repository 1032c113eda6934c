import CRecord
import Synchronization
import UringProbe

/// A sink that counts the records and bytes that it receives.
final class CountingSink: RecordSink {
  private let state = Mutex((records: UInt64(0), bytes: 0))

  func counts() -> (records: UInt64, bytes: Int) { state.withLock { $0 } }

  func consume(_ records: UnsafeRawBufferPointer) {
    state.withLock { state in
      var offset = 0
      while offset < records.count {
        offset += Int(records.loadUnaligned(fromByteOffset: offset, as: record.self).size)
        state.records += 1
      }
      state.bytes += records.count
    }
  }
}
