import CRecord

/// Rings, and what is known of their owners and files.
extension Aggregator {
  /// More rings than any machine has; a damaged recording may name more. Those share one ring.
  private static var mostRings: UInt32 { 1 << 16 }

  // MARK: Finding

  /// The ring that a record names, made if it is not known. The event is about it.
  @inline(__always)
  mutating func ring(of header: record) -> UInt32 {
    if header.ctx != lastContext {
      lastRing = findRing(header.ctx, time: header.time_ns)
      lastRingState = rings.mutablePointer(to: lastRing)
      lastContext = header.ctx
    }
    rings[lastRing].lastTime = header.time_ns
    events.current.ring = rings[lastRing].ring.id
    return lastRing
  }

  @inline(never)
  mutating func findRing(_ context: UInt64, time: UInt64) -> UInt32 {
    knownRing(context) ?? addRing(context, time: time)
  }

  func knownRing(_ context: UInt64) -> UInt32? {
    guard let position = contexts.find(context) else { return nil }
    let index = contexts[position].index
    guard index != noIndex, !rings[index].isGone, rings[index].ring.address == context else {
      return nil
    }
    return index
  }

  private mutating func addRing(_ context: UInt64, time: UInt64) -> UInt32 {
    if rings.count >= Self.mostRings {
      damagedRecordCount &+= 1
      return rings.end - 1
    }
    lastRingID += 1
    let new = Ring(id: lastRingID, address: context, time: time)
    let index = rings.take(RingState(new))
    rings[index] = RingState(new)
    if contexts.isCrowded {
      contexts.removeDead(rings) { entry, rings in
        !rings[entry.index].isGone && rings[entry.index].ring.address == entry.address
      }
    }
    let position = contexts.insert(context)
    contexts[position].index = index
    lastContext = noContext
    return index
  }

  // MARK: Closing

  /// The ring is gone; what was in flight on it has ended.
  @inline(never)
  private mutating func close(_ ring: UInt32, time: UInt64, tid: UInt32) {
    forEachInFlight(of: ring) { this, slot in
      this.endUnseen(slot, time: time, tid: tid)
      return true
    }
    closeGroups(of: ring, time: time, tid: tid)
    guard rings[ring].ring.closedTime == 0 else { return }
    rings[ring].ring.closedTime = max(time, 1)
    closedRings.append(ring)
    if closedRings.count > limits.closedRings { forget(closedRings.removeFirst()) }
  }

  /// Requests arrive after all: it was not gone.
  @inline(never)
  mutating func reopen(_ ring: UInt32) {
    rings[ring].ring.closedTime = 0
    closedRings.removeAll { $0 == ring }
  }

  private mutating func forget(_ ring: UInt32) {
    // Late records can have added buffers since the ring was closed.
    closeGroups(of: ring, time: rings[ring].ring.closedTime, tid: 0)
    forgottenTotal += RateCounters(rings[ring].ring.counts)
    for opcode in 0..<256 where rings[ring].statistics[opcode] != noIndex {
      let index = rings[ring].statistics[opcode]
      // Its memory goes now, its place stays.
      statistics[index] = OpcodeStatistics(opcode: Opcode(rawValue: 0))
      statistics.give(back: index)
    }
    let id = rings[ring].ring.id
    if fileNames.fixed.contains(where: { $0.key.ring == id }) {
      fileNames.fixed = fileNames.fixed.filter { $0.key.ring != id }
    }
    rings[ring].isGone = true
    rings.give(back: ring)
    lastContext = noContext
  }

  // MARK: Records

  @inline(never)
  mutating func create(_ record: UnsafePointer<record_create>) {
    let header = record.pointee.base
    if let old = knownRing(header.ctx) {
      // The kernel reuses the memory: the old ring is gone.
      close(old, time: header.time_ns, tid: header.tid)
    }
    let ring = addRing(header.ctx, time: header.time_ns)
    rings[ring].lastTime = header.time_ns
    rings[ring].ring.isFound = false
    rings[ring].isTableKnown = true
    rings[ring].ring.ownerTgid = record.pointee.tgid
    rings[ring].ring.comm = text(record.pointee.comm)
    rings[ring].ring.sqEntries = record.pointee.sq_entries
    rings[ring].ring.cqEntries = record.pointee.cq_entries
    rings[ring].ring.setupFlags = SetupFlags(rawValue: record.pointee.flags)
    rings[ring].ring.sqThreadTid = record.pointee.sq_thread_tid
    rings[ring].ring.descriptors = [
      Ring.Descriptor(tgid: record.pointee.tgid, fd: record.pointee.fd)
    ]
    events.current.ring = rings[ring].ring.id
    events.current.value = Int64(record.pointee.fd)
    events.current.flags = record.pointee.flags
  }

  @inline(never)
  mutating func ringFound(_ record: UnsafePointer<record_ring_found>) {
    let header = record.pointee.base
    let flags = SetupFlags(rawValue: record.pointee.flags)
    var ring = ring(of: header)
    // Flags never change: another ring, whose creation was lost.
    if rings[ring].ring.sqEntries != 0, rings[ring].ring.setupFlags != flags {
      close(ring, time: header.time_ns, tid: header.tid)
      ring = addRing(header.ctx, time: header.time_ns)
    } else if rings[ring].ring.isClosed {
      reopen(ring)
    }
    rings[ring].ring.ownerTgid = record.pointee.tgid
    rings[ring].ring.comm = text(record.pointee.comm)
    rings[ring].ring.sqEntries = record.pointee.sq_entries
    rings[ring].ring.cqEntries = record.pointee.cq_entries
    rings[ring].ring.setupFlags = flags
    rings[ring].ring.sqThreadTid = record.pointee.sq_thread_tid
    rings[ring].ring.registeredFiles = record.pointee.nr_files
    rings[ring].ring.registeredBuffers = record.pointee.nr_bufs
    // Those that follow are all of them.
    rings[ring].ring.descriptors = []
    events.current.ring = rings[ring].ring.id
    events.current.flags = record.pointee.flags
  }

  mutating func ringFd(_ record: UnsafePointer<record_ring_fd>) {
    let ring = ring(of: record.pointee.base)
    let descriptor = Ring.Descriptor(tgid: record.pointee.tgid, fd: record.pointee.fd)
    events.current.value = Int64(record.pointee.fd)
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    guard rings[ring].ring.descriptors.count < 1024,
      !rings[ring].ring.descriptors.contains(descriptor)
    else { return }
    rings[ring].ring.descriptors.append(descriptor)
  }

  @inline(never)
  mutating func ringClosed(_ record: UnsafePointer<record_ring_closed>) {
    let header = record.pointee.base
    // Looked for at that time: what was heard since is newer.
    guard let ring = knownRing(header.ctx), rings[ring].lastTime <= header.time_ns else { return }
    events.current.ring = rings[ring].ring.id
    close(ring, time: header.time_ns, tid: header.tid)
  }

  mutating func register(_ record: UnsafePointer<record_register>) {
    let ring = ring(of: record.pointee.base)
    noteRegistration(record, ring: ring)
    // The sizes of the ring's tables after the call, whether it succeeded or not.
    rings[ring].ring.registeredFiles = record.pointee.nr_files
    rings[ring].ring.registeredBuffers = record.pointee.nr_bufs
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    events.current.value = record.pointee.result
    events.current.flags = record.pointee.opcode
  }

  mutating func cqringWait(_ record: UnsafePointer<record_cqring_wait>) {
    let header = record.pointee.base
    let ring = ring(of: header)
    rings[ring].ring.counts.waits &+= 1
    rings[ring].ring.lastWaitMinEvents = record.pointee.min_events
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    rings[ring].ring.lastWaitTime = header.time_ns
    rings[ring].lastWaitTid = header.tid
    events.current.value = Int64(record.pointee.min_events)
  }

  mutating func taskWorkRun(_ record: UnsafePointer<record_task_work_run>) {
    events.current.value = Int64(record.pointee.count)
  }

  mutating func localWorkRun(_ record: UnsafePointer<record_local_work_run>) {
    _ = ring(of: record.pointee.base)
    events.current.value = Int64(record.pointee.count)
  }

  mutating func lost(_ record: UnsafePointer<record_lost>) {
    let count = record.pointee.count
    switch record.pointee.cause {
    case .outputStalled: lost.outputStalled = lost.outputStalled.addingSaturated(count)
    case .notRun: lost.notRun = lost.notRun.addingSaturated(count)
    default: lost.ringBufferFull = lost.ringBufferFull.addingSaturated(count)
    }
    lossTime = max(lossTime, record.pointee.base.time_ns)
    healGroups(time: lossTime, tid: 0)
    events.current.value = Int64(clamping: count)
  }

  mutating func taskName(_ record: UnsafePointer<record_task_name>) {
    if taskNames.count >= 1 << 16 { taskNames.removeAll() }
    taskNames[record.pointee.base.tid] = text(record.pointee.comm)
  }

  mutating func fileName(_ record: UnsafePointer<record_file_name>) {
    let size = MemoryLayout<record_file_name>.size
    let length = Int(record.pointee.length)
    guard length <= Int(record.pointee.base.size) - size else {
      damagedRecordCount &+= 1
      return
    }
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + size, count: length)
    let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    events.current.value = Int64(record.pointee.fd)
    if record.pointee.is_fixed != 0 {
      guard record.pointee.base.ctx != 0, record.pointee.fd >= 0 else { return }
      let ring = ring(of: record.pointee.base)
      if fileNames.fixed.count >= 1 << 16 { fileNames.fixed.removeAll() }
      let key = FileNames.FixedKey(
        ring: rings[ring].ring.id, index: UInt32(record.pointee.fd))
      fileNames.fixed[key] = name
    } else {
      if fileNames.descriptors.count >= 1 << 16 { fileNames.descriptors.removeAll() }
      let key = FileNames.DescriptorKey(tgid: record.pointee.tgid, fd: record.pointee.fd)
      fileNames.descriptors[key] = name
    }
  }

  mutating func flagName(_ record: UnsafePointer<record_flag_name>) {
    let bit = Int(record.pointee.bit)
    guard bit < 64 else { return }
    while requestFlagNames.count <= bit { requestFlagNames.append("") }
    requestFlagNames[bit] = text(record.pointee.name)
  }

  /// Text in a field of fixed size, up to its first zero.
  private func text<T>(_ field: T) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

extension UInt64 {
  fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
