import CRecord
import UringRecords

/// Handlers of records about rings, and the effects of a ring's beginning and end on the trackers.
extension Aggregator {
  // MARK: Beginning

  /// Returns the ring that a record names, and makes the event refer to it. Adds the ring if it was
  /// never seen.
  @inline(__always)
  mutating func enterRing(_ header: record, _ event: inout Event) -> Handle<RingState> {
    if rings.recent(header.ctx) == nil {
      rings.setRecent(findOrAddRing(header.ctx, time: header.time_ns), context: header.ctx)
    }
    // Not nil: if the recent ring was another one, the statement above has replaced it.
    let (ring, state) = rings.recent(header.ctx).unsafelyUnwrapped
    state.pointee.lastTime = header.time_ns
    event.ring = state.pointee.ring.id
    return ring
  }

  @inline(never)
  mutating func findOrAddRing(_ context: UInt64, time: UInt64) -> Handle<RingState> {
    rings.known(context) ?? addRing(context, time: time)
  }

  private mutating func addRing(_ context: UInt64, time: UInt64) -> Handle<RingState> {
    guard let ring = rings.add(context, time: time) else {
      stream.damaged &+= 1
      return rings.newest
    }
    statistics.ringBegan(ring)
    roles.ringBegan(ring)
    lending.ringBegan(ring, id: rings[ring].ring.id)
    return ring
  }

  // MARK: Closing

  /// Closes a ring and ends its requests in flight.
  @inline(never)
  private mutating func close(
    _ ring: Handle<RingState>, _ moment: Moment, _ event: inout Event
  ) {
    for slot in requests.inFlight(of: ring, count: rings[ring].ring.inFlight) {
      endUnseen(slot, moment, &event)
    }
    lending.ringClosed(ring, at: moment, lossTime: requests.lossTime)
    guard let forgotten = rings.close(ring, time: moment.time) else { return }
    ublk.forget(forgotten)
    // Closing the ring already ended the groups of its buffers. But records that arrived afterwards
    // may have begun new groups.
    lending.ringClosed(forgotten, at: moment, lossTime: requests.lossTime)
    statistics.ringForgotten(forgotten)
    if roles.isOn, let name = name(of: rings[forgotten], isLate: true) {
      roles.ringForgotten(forgotten, name)
    }
    names.ringForgotten(rings[forgotten].ring.id)
    rings.forget(forgotten)
  }

  // MARK: Records

  @inline(never)
  mutating func create(_ record: UnsafePointer<record_create>, _ event: inout Event) {
    let header = record.pointee.base
    if let old = rings.known(header.ctx) {
      // The new ring has the memory of a known ring, so the known ring was closed.
      close(old, Moment(time: header.time_ns, tid: header.tid), &event)
    }
    let ring = addRing(header.ctx, time: header.time_ns)
    lending[ring].isTableKnown = true
    rings[ring].lastTime = header.time_ns
    rings[ring].ring.isFound = false
    rings[ring].ring.ownerTgid = record.pointee.tgid
    rings[ring].ring.comm = CharArray.string(record.pointee.comm)
    rings[ring].ring.sqEntries = record.pointee.sq_entries
    rings[ring].ring.cqEntries = record.pointee.cq_entries
    rings[ring].ring.setupFlags = SetupFlags(rawValue: record.pointee.flags)
    rings[ring].ring.sqThreadTid = record.pointee.sq_thread_tid
    rings[ring].ring.descriptors = [
      Ring.Descriptor(tgid: record.pointee.tgid, fd: record.pointee.fd)
    ]
    event.ring = rings[ring].ring.id
    event.value = Int64(record.pointee.fd)
    event.flags = record.pointee.flags
  }

  @inline(never)
  mutating func ringFound(_ record: UnsafePointer<record_ring_found>, _ event: inout Event) {
    let header = record.pointee.base
    let flags = SetupFlags(rawValue: record.pointee.flags)
    var ring = enterRing(header, &event)
    // Enabling a ring clears IORING_SETUP_R_DISABLED; no other flag of a ring ever changes. Any
    // other difference shows a new ring at the same address whose `create` record was lost.
    if rings[ring].ring.sqEntries != 0, rings[ring].ring.setupFlags != flags,
      rings[ring].ring.setupFlags.subtracting(.disabled) != flags
    {
      close(ring, Moment(time: header.time_ns, tid: header.tid), &event)
      ring = addRing(header.ctx, time: header.time_ns)
    } else if rings[ring].ring.isClosed {
      rings.reopen(ring)
    }
    rings[ring].ring.ownerTgid = record.pointee.tgid
    rings[ring].ring.comm = CharArray.string(record.pointee.comm)
    rings[ring].ring.sqEntries = record.pointee.sq_entries
    rings[ring].ring.cqEntries = record.pointee.cq_entries
    rings[ring].ring.setupFlags = flags
    rings[ring].ring.sqThreadTid = record.pointee.sq_thread_tid
    rings[ring].ring.registeredFiles = record.pointee.nr_files
    rings[ring].ring.registeredBuffers = record.pointee.nr_bufs
    rings[ring].ring.submitterTid = record.pointee.submitter_tid
    // The `ring_fd` records that follow list all descriptors.
    rings[ring].ring.descriptors = []
    event.ring = rings[ring].ring.id
    event.flags = record.pointee.flags
  }

  mutating func ringFd(_ record: UnsafePointer<record_ring_fd>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    let descriptor = Ring.Descriptor(tgid: record.pointee.tgid, fd: record.pointee.fd)
    event.value = Int64(record.pointee.fd)
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    guard rings[ring].ring.descriptors.count < 1024,
      !rings[ring].ring.descriptors.contains(descriptor)
    else { return }
    rings[ring].ring.descriptors.append(descriptor)
  }

  @inline(never)
  mutating func ringClosed(_ record: UnsafePointer<record_ring_closed>, _ event: inout Event) {
    let header = record.pointee.base
    // A scan of all rings did not find the ring at the record's time. A later record about the ring
    // shows that it is open all the same.
    guard let ring = rings.known(header.ctx), rings[ring].lastTime <= header.time_ns else {
      return
    }
    if !rings[ring].ring.isClosed { event.ring = rings[ring].ring.id }
    close(ring, Moment(time: header.time_ns, tid: header.tid), &event)
  }

  mutating func ringScan(_ record: UnsafePointer<record_ring_scan>, _ event: inout Event) {
    let header = record.pointee.base
    guard header.ctx != 0 else {
      closeUndescribed(missedBy: (lastScan, header.time_ns), &event)
      // A change marks the ring as active, so rings without activity must not be changed here.
      for ring in rings.handles
      where rings[ring].depth.showsReaping(rings[ring].ring.counts, at: header.time_ns) {
        rings[ring].depth.noteReaping(rings[ring].ring.counts, at: header.time_ns)
      }
      lastScan = max(lastScan, header.time_ns)
      return
    }
    guard let ring = rings.known(header.ctx), rings[ring].missed.time == 0 else { return }
    event.ring = rings[ring].ring.id
    rings[ring].missed = (header.time_ns, lastScan)
  }

  /// Closes the rings without a `create` or `ring_found` record if two scans since the ring's last
  /// record did not find the ring. These rings get no `ring_closed` record, because the probe
  /// writes it only for rings that it has found itself.
  private mutating func closeUndescribed(
    missedBy scans: (first: UInt64, second: UInt64), _ event: inout Event
  ) {
    guard scans.first != 0, scans.first < scans.second else { return }
    for ring in rings.undescribed {
      guard max(rings[ring].lastTime, rings[ring].ring.firstTime) < scans.first else { continue }
      close(ring, Moment(time: scans.first, tid: 0), &event)
    }
  }

  mutating func register(_ record: UnsafePointer<record_register>, _ event: inout Event) {
    let ring = enterRing(record.pointee.base, &event)
    lending.registered(record, ring: ring, &event)
    // The record has the sizes of the ring's tables after the call, even if the call failed.
    rings[ring].ring.registeredFiles = record.pointee.nr_files
    rings[ring].ring.registeredBuffers = record.pointee.nr_bufs
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    if record.pointee.opcode == Self.enableRings, record.pointee.result == 0 {
      rings[ring].ring.setupFlags.remove(.disabled)
    }
    if record.pointee.opcode == Self.syncCancel {
      rings[ring].ring.lastSyncCancelTime = record.pointee.base.time_ns
    }
    noteRegistration(record, ring)
    event.value = record.pointee.result
    event.flags = record.pointee.opcode
  }

  /// `IORING_REGISTER_ENABLE_RINGS`
  private static var enableRings: UInt32 { 12 }
  /// `IORING_REGISTER_SYNC_CANCEL`
  private static var syncCancel: UInt32 { 24 }

  mutating func cqringWait(_ record: UnsafePointer<record_cqring_wait>, _ event: inout Event) {
    let header = record.pointee.base
    let ring = enterRing(header, &event)
    rings[ring].ring.counts.waits &+= 1
    rings[ring].ring.lastWaitMinEvents = record.pointee.min_events
    if rings[ring].ring.ownerTgid == 0 { rings[ring].ring.ownerTgid = record.pointee.tgid }
    rings[ring].ring.lastWaitTime = header.time_ns
    rings[ring].lastWaitTid = header.tid
    event.value = Int64(record.pointee.min_events)
  }

  mutating func taskWorkRun(_ record: UnsafePointer<record_task_work_run>, _ event: inout Event) {
    event.value = Int64(record.pointee.count)
  }

  mutating func localWorkRun(
    _ record: UnsafePointer<record_local_work_run>, _ event: inout Event
  ) {
    let ring = enterRing(record.pointee.base, &event)
    rings[ring].ring.lastLocalWorkTime = record.pointee.base.time_ns
    event.value = Int64(record.pointee.count)
  }

  mutating func lost(_ record: UnsafePointer<record_lost>, _ event: inout Event) {
    let count = record.pointee.count
    let cause: WritableKeyPath<LossCounts, UInt64> =
      switch record.pointee.cause {
      case .outputStalled: \.outputStalled
      case .notRun: \.notRun
      case .uncounted: \.uncounted
      case .damaged: \.damaged
      default: \.ringBufferFull
      }
    stream.lost[keyPath: cause] = stream.lost[keyPath: cause].addingSaturated(count)
    event.value = Int64(clamping: count)
    // For the cause `uncounted`, only counts of events are missing, not records. If records of
    // these events were lost too, another `lost` record reports that.
    guard record.pointee.cause != .uncounted else { return }
    requests.noteLoss(at: record.pointee.base.time_ns)
    lending.recordsLost(time: requests.lossTime)
  }
}
