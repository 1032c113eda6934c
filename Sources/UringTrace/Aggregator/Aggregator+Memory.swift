import CRecord
import UringRecords

/// Handler of records about changes to memory that requests in flight use.
extension Aggregator {
  mutating func memoryChange(_ record: UnsafePointer<record_memory_change>, _ event: inout Event) {
    let header = record.pointee.base
    event.value = Int64(clamping: record.pointee.length)
    let change = MemoryChange(record)
    guard header.req != 0, header.ctx != 0 else {
      return take(change, startedAt: record.pointee.started_ns, by: record.pointee.tgid)
    }
    let ring = enterRing(header, &event)
    guard let slot = requests.seenInFlight(header, ring: ring) else { return }
    event.name(requests[slot])
    memory.note(change, of: requests[slot].request.id)
  }

  /// Handles a system call that removed memory: finds the requests in flight that use this memory,
  /// and notes the change for each of them.
  private mutating func take(_ change: MemoryChange, startedAt start: UInt64, by tgid: UInt32) {
    let (end, isOver) = change.address.addingReportingOverflow(change.length)
    guard !isOver, change.length > 0 else { return }
    var found: [Request.ID] = []
    var remaining = MemoryTracker.reach
    requests.forEachInFlight { _, slot in
      remaining -= 1
      if slot.request.submitterTgid == tgid, slot.request.startTime <= start,
        slot.request.state != .linked, slot.request.state != .deferred,
        let memory = slot.request.namedMemory, memory.overlaps(change.address..<end)
      {
        found.append(slot.request.id)
      }
      return remaining > 0
    }
    for request in found { memory.note(change, of: request) }
  }
}
