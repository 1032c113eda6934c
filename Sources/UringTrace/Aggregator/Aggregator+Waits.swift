import CRecord
import UringRecords

/// Handlers of the records of wait scans: waiting threads, and the files and futexes that threads
/// and requests wait on.
extension Aggregator {
  mutating func waitLook(_ record: UnsafePointer<record_wait_look>, _ event: inout Event) {
    waits.look(record)
  }

  mutating func threadState(_ record: UnsafePointer<record_thread_state>, _ event: inout Event) {
    waits.threadState(
      record, call: text(behind: record, length: record.pointee.length) ?? "",
      ring: ringInView(record.pointee.base.ctx))
  }

  mutating func openFile(_ record: UnsafePointer<record_open_file>, _ event: inout Event) {
    waits.openFile(
      record, addresses: text(behind: record, length: record.pointee.length) ?? "",
      ring: ringInView(record.pointee.base.ctx))
  }

  mutating func streamQueues(
    _ record: UnsafePointer<record_stream_queues>, _ event: inout Event
  ) {
    waits.streamQueues(record)
  }

  mutating func futexWord(_ record: UnsafePointer<record_futex_word>, _ event: inout Event) {
    waits.futexWord(record)
  }

  func ringInView(_ address: UInt64) -> Ring.ID? {
    address == 0 ? nil : rings.known(address).map { rings[$0].ring.id }
  }
}
