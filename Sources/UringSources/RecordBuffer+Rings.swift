import CRecord
import UringRecords
import UringTrace

extension RecordBuffer {
  /// Makes records of the rings in a snapshot, for a recording that does not contain the original
  /// records of these rings, because it begins later.
  package init(ringsOf snapshot: Snapshot, at time: UInt64) {
    self.init()
    for ring in snapshot.rings where !ring.isClosed {
      append(record_ring_found.self, at: time, ring: ring.address) {
        $0.tgid = ring.ownerTgid
        $0.sq_entries = ring.sqEntries
        $0.cq_entries = ring.cqEntries
        $0.flags = ring.setupFlags.rawValue
        $0.sq_thread_tid = ring.sqThreadTid
        $0.nr_files = ring.registeredFiles
        $0.nr_bufs = ring.registeredBuffers
        $0.submitter_tid = ring.submitterTid
        CharArray.set(&$0.comm, to: ring.comm)
      }
      for descriptor in ring.descriptors {
        append(record_ring_fd.self, at: time, ring: ring.address) {
          $0.tgid = descriptor.tgid
          $0.fd = descriptor.fd
        }
      }
    }
  }
}
