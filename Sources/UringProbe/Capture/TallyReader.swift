import CBPF
import CProbe
import CRecord
import UringBase
import UringRecords
import UringTrace

/// Reads the tallies, and writes their increases as records.
///
/// A tally counts the events of one ring and opcode that have no record (`probe_tally`). The
/// tallies are in memory shared with the kernel: while nothing has been counted, a read costs one
/// load.
struct TallyReader: ~Copyable {
  private let tallies: MappedArray
  /// Counts by errno and latency (`probe_tally_detail`). Mapped when the first tally is used,
  /// because the whole mapping counts as resident memory.
  private var details: MappedArray?
  private let detailsDescriptor: Int32
  /// Values of the tallies at the last record, by slot.
  private var reported: [Int: probe_tally] = [:]
  private var reportedDetails: [Int: [UInt64]] = [:]

  private static var detailWords: Int { MemoryLayout<probe_tally_detail>.size / 8 }

  init(capture: borrowing CaptureObject) throws(ProbeError) {
    let tallies = try MappedArray(
      descriptor: capture.mapDescriptor("tallies"), size: MemoryLayout<probe_tallies>.size)
    self.tallies = tallies
    detailsDescriptor = capture.mapDescriptor("tally_details")
    details = nil
  }

  private var table: UnsafePointer<probe_tallies> {
    UnsafePointer(tallies.address.assumingMemoryBound(to: probe_tallies.self))
  }

  private var slots: UnsafeMutablePointer<probe_tally> {
    let offset = MemoryLayout<probe_tallies>.offset(of: \.slots) ?? 0
    return (tallies.address + offset).assumingMemoryBound(to: probe_tally.self)
  }

  /// Number of events so far that found no free tally, because there are more rings and opcodes
  /// than `PROBE_TALLY_SLOTS`.
  var uncounted: UInt64 { table.pointee.nowhere }

  /// Appends a record for each ring and opcode whose tally has increased since the last call.
  mutating func read(into records: inout RecordBuffer) {
    guard table.pointee.used > 0 else { return }
    if details == nil {
      details = try? MappedArray(
        descriptor: detailsDescriptor,
        size: MemoryLayout<probe_tally_detail>.size * Int(PROBE_TALLY_DETAILS))
    }
    if table.pointee.used > reported.count { findNew() }
    for place in reported.keys.sorted() { read(place, into: &records) }
  }

  private mutating func findNew() {
    for place in 0..<Int(PROBE_TALLY_SLOTS) where slots[place].key != 0 && reported[place] == nil {
      reported[place] = probe_tally()
    }
  }

  private mutating func read(_ place: Int, into records: inout RecordBuffer) {
    let now = slots[place]
    guard now.key != PROBE_TALLY_FREED else { return }
    let isRetired = now.key & PROBE_TALLY_RETIRED != 0
    defer { if isRetired { cbpf_store_u64(slots + place, PROBE_TALLY_FREED) } }
    let before = reported[place] ?? probe_tally()
    var counts = record_counts()
    counts.submitted = now.submitted &- before.submitted
    counts.failed = now.failed &- before.failed
    counts.completed = now.completed &- before.completed
    counts.cqes = now.cqes &- before.cqes
    counts.auxiliary = now.auxiliary &- before.auxiliary
    counts.overflows = now.overflows &- before.overflows
    counts.dropped = now.dropped &- before.dropped
    counts.skipped = now.skipped &- before.skipped
    counts.bytes = now.bytes &- before.bytes
    counts.unmeasured = now.unmeasured &- before.unmeasured
    counts.latency_sum = now.latency_sum &- before.latency_sum
    guard
      counts.submitted | counts.cqes | counts.overflows | counts.skipped | counts.unmeasured
        | counts.latency_sum != 0
    else { return }
    // If a new ring reuses the address of this ring before `time`, the program changes the key.
    // This read is then discarded, and the next one reports the counts.
    let time = isRetired ? now.retired_ns : MonotonicClock.now()
    guard cbpf_load_acquire_u64(slots + place) == now.key else { return }
    reported[place] = now
    counts.base.time_ns = time
    counts.base.ctx = (now.key & ~PROBE_TALLY_RETIRED) >> 8 | 0xff << 56
    counts.base.opcode = UInt8(truncatingIfNeeded: now.key)
    counts.base.kind = .counts
    var errors: [record_count] = []
    if now.errors > before.errors {
      errors.append(record_count(what: 0, count: UInt32(clamping: now.errors - before.errors)))
    }
    var latencies: [record_count] = []
    if now.detail != 0 { readDetail(Int(now.detail) - 1, &errors, &latencies) }
    records.append(counts, errors: errors, latencies: latencies)
  }

  private mutating func readDetail(
    _ number: Int, _ errors: inout [record_count], _ latencies: inout [record_count]
  ) {
    guard
      let words = details?.words(
        from: number * MemoryLayout<probe_tally_detail>.size, count: Self.detailWords)
    else { return }
    var before = reportedDetails[number] ?? [UInt64](repeating: 0, count: Self.detailWords)
    reportedDetails[number] = nil
    for index in words.indices {
      let now = words[index]
      guard now != before[index] else { continue }
      let count = UInt32(clamping: now &- before[index])
      before[index] = now
      let errorCount = Int(PROBE_TALLY_ERRORS)
      if index < errorCount {
        errors.append(record_count(what: UInt32(index), count: count))
      } else {
        latencies.append(record_count(what: UInt32(index - errorCount), count: count))
      }
    }
    reportedDetails[number] = before
  }
}
