import CRecord
import UringRecords
import UringTrace

/// Threads that wait in io_uring_enter.
struct OpenWaits {
  struct Wait {
    var ring: Ring.ID
    var start: UInt64
    var minEvents: UInt32
    /// Number of CQEs still missing until the wait ends.
    var missing: UInt32
  }

  private(set) var threads: [UInt32: Wait] = [:]
  /// The threads that wait on each ring.
  private var byRing: [Ring.ID: [UInt32]] = [:]
  private static let mostThreads = 1 << 16

  mutating func begin(_ wait: Wait, of tid: UInt32) {
    guard threads.count < Self.mostThreads else { return }
    threads[tid] = wait
    byRing[wait.ring, default: []].append(tid)
  }

  mutating func end(of tid: UInt32) -> Wait? {
    guard let wait = threads.removeValue(forKey: tid) else { return nil }
    byRing[wait.ring]?.removeAll { $0 == tid }
    if byRing[wait.ring]?.isEmpty == true { byRing[wait.ring] = nil }
    return wait
  }

  /// Counts a CQE that was posted on a ring.
  ///
  /// - Returns: the threads whose awaited CQEs have all been posted.
  mutating func noteCQE(on ring: Ring.ID) -> [UInt32] {
    guard let waiting = byRing[ring] else { return [] }
    return waiting.filter { tid in
      threads[tid]?.missing -= 1
      return threads[tid]?.missing == 0
    }
  }
}

/// Waits for CQEs. No record shows the end of a wait. A wait ends at the latest when the awaited
/// CQEs have been posted, or at the thread's next submission or wait. Its slice ends at the first
/// of these moments.
extension PerfettoEncoder {
  func followWaits(_ record: UnsafePointer<record>) {
    switch record.pointee.kind {
    case .cqringWait:
      writeWait(of: record.pointee.tid, until: record.pointee.time_ns)
      guard let ring = aggregator.lastEvent?.ring, ring != 0 else { return }
      let wait = record.body(as: record_cqring_wait.self).pointee
      let count = UInt32(clamping: max(wait.min_events, 1))
      waits.begin(
        OpenWaits.Wait(
          ring: ring, start: record.pointee.time_ns, minEvents: count, missing: count),
        of: record.pointee.tid)
    case .submit: writeWait(of: record.pointee.tid, until: record.pointee.time_ns)
    case .complete:
      guard !waits.threads.isEmpty, let ring = aggregator.lastEvent?.ring else { return }
      for tid in waits.noteCQE(on: ring) { writeWait(of: tid, until: record.pointee.time_ns) }
    default: break
    }
  }

  /// Writes the waits that last until the end of the recording.
  func writeOpenWaits() {
    for tid in waits.threads.keys.sorted() { writeWait(of: tid, until: nil) }
  }

  private func writeWait(of tid: UInt32, until end: UInt64?) {
    guard !waits.threads.isEmpty, let wait = waits.end(of: tid) else { return }
    let ring = tracks.ring(wait.ring, &packets)
    let (track, free) = tracks[ring].waits.thread(tid, taskText(tid), &packets)
    let start = max(wait.start, free)
    packets.beginSlice("waits", on: track, at: start, .wait) {
      $0.add(.minEvents, wait.minEvents)
      $0.add(.endDerived, end != nil)
    }
    guard let end else { return }
    packets.endSlice(on: track, at: max(end, start))
    tracks[ring].waits.note(end: max(end, start), of: tid)
  }
}
