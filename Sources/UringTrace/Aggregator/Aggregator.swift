import CRecord

/// Rebuilds rings, requests and chains from the stream of records.
///
/// Routes each record to the trackers that own the state: a handler here has the name of its record kind, calls
/// the trackers in turn, and fills in the record's event. It passes each tracker what it needs of the others.
///
/// Pure: no clock, no I/O. The same records give the same snapshot, live or replayed. Memory is bounded
/// by what is in flight and by ``Limits``.
public struct Aggregator: ~Copyable {
  /// Limits of what is kept.
  public struct Limits: Sendable {
    /// Ended requests kept, and as many ended groups.
    public var history: Int = 10_000
    /// Events kept for the log.
    public var events: Int = 2_000
    /// Closed rings kept.
    public var closedRings: Int = 64

    public init() {}
  }

  let host: HostDescription
  let layouts = RecordLayoutTable()
  let traits = OpcodeTraitTable()
  var clock: RateClock
  var stream = StreamCounts()

  var requests: RequestTracker
  var rings: RingTracker
  var chains = ChainTracker()
  var lending: LendingTracker
  var ublk = UblkTracker()
  var fuse = FuseTracker()
  var statistics = StatisticsTracker()
  var inventory = InventoryTracker()
  var names = NameTracker()

  var events: EventLog

  /// Counts of the records themselves.
  struct StreamCounts {
    var records: UInt64 = 0
    var damaged: UInt64 = 0
    var lost = LossCounts()
  }

  public init(host: HostDescription, limits: Limits = Limits()) {
    self.host = host
    clock = RateClock(start: host.startTime)
    requests = RequestTracker(history: limits.history)
    rings = RingTracker(closedLimit: limits.closedRings)
    lending = LendingTracker(history: limits.history)
    events = EventLog(capacity: limits.events)
  }

  /// The event of the last consumed record, nil if the record made no sense.
  public var lastEvent: Event? { events.lastRecordsEvent }

  /// Takes one record. The pointer is to the whole record, `size` bytes, and valid during the call.
  ///
  /// A record that is too short for its kind, or of no known kind, is skipped and counted.
  public mutating func consume(_ record: UnsafePointer<record>) {
    stream.records &+= 1
    take(record, isKept: false)
  }

  /// Takes whole records that lie one after the other.
  public mutating func consume(contentsOf records: UnsafeRawBufferPointer) {
    guard var next = records.baseAddress else { return }
    let end = next + records.count
    var count: UInt64 = 0
    while next < end {
      let record = next.assumingMemoryBound(to: record.self)
      take(record, isKept: true)
      next += Int(record.pointee.size)
      count &+= 1
    }
    stream.records &+= count
    events.complete()
  }

  /// - Parameter isKept: whether the record stays where it is until ``EventLog/complete()`` is called.
  @inline(__always)
  private mutating func take(_ record: UnsafePointer<record>, isKept: Bool) {
    switch record.pointee.kind {
    case .submit: if submitPlain(record.body(), isKept: isKept) { return }
    case .complete: if completePlain(record.body(), isKept: isKept) { return }
    default: break
    }
    consumeAny(record)
  }

  /// Takes any record, on the long path.
  @inline(never)
  mutating func consumeAny(_ record: UnsafePointer<record>) {
    let (isSound, isLogged) = layouts.check(record)
    guard isSound else {
      events.noteDamage()
      stream.damaged &+= 1
      return
    }
    advance(to: record.pointee.time_ns)
    var event = Event(
      time: record.pointee.time_ns, request: 0, ring: 0, kind: record.pointee.kind,
      opcode: Opcode(rawValue: record.pointee.opcode), userData: 0, value: 0,
      tid: record.pointee.tid, flags: 0)
    dispatch(record, &event)
    if isLogged { events.append(event) } else { events.setUnlogged(event) }
  }

  @inline(__always)
  private mutating func dispatch(_ record: UnsafePointer<record>, _ event: inout Event) {
    switch record.pointee.kind {
    case .submit: submit(record.body(as: record_submit.self), &event)
    case .complete: complete(record.body(as: record_complete.self), &event)
    case .fileGet: fileGet(record.body(as: record_file_get.self), &event)
    case .queueAsyncWork: queueAsyncWork(record.body(as: record_queue_async_work.self), &event)
    case .pollArm: pollArm(record.body(as: record_poll_arm.self), &event)
    case .taskAdd: taskAdd(record.body(as: record_task_add.self), &event)
    case .defer: `defer`(record.body(as: record_defer.self), &event)
    case .link: link(record.body(as: record_link.self), &event)
    case .failLink: failLink(record.body(as: record_fail_link.self), &event)
    case .cqeOverflow: cqeOverflow(record.body(as: record_cqe_overflow.self), &event)
    case .reqFailed: reqFailed(record.body(as: record_req_failed.self), &event)
    case .shortWrite: shortWrite(record.body(as: record_short_write.self), &event)
    case .skip: skip(record.body(as: record_skip.self), &event)
    case .freed: freed(record.body(as: record_freed.self), &event)
    case .cqringWait: cqringWait(record.body(as: record_cqring_wait.self), &event)
    case .taskWorkRun: taskWorkRun(record.body(as: record_task_work_run.self), &event)
    case .localWorkRun: localWorkRun(record.body(as: record_local_work_run.self), &event)
    case .create: create(record.body(as: record_create.self), &event)
    case .register: register(record.body(as: record_register.self), &event)
    case .ringFound: ringFound(record.body(as: record_ring_found.self), &event)
    case .ringFd: ringFd(record.body(as: record_ring_fd.self), &event)
    case .ringClosed: ringClosed(record.body(as: record_ring_closed.self), &event)
    case .taskName: taskName(record.body(as: record_task_name.self), &event)
    case .fileName: fileName(record.body(as: record_file_name.self), &event)
    case .lost: lost(record.body(as: record_lost.self), &event)
    case .flagName: flagName(record.body(as: record_flag_name.self), &event)
    case .counts: counts(record.body(as: record_counts.self), &event)
    case .command: command(record.body(as: record_command.self), &event)
    case .fuseRequest: fuseRequest(record.body(as: record_fuse_request.self), &event)
    case .bufferUse: bufferUse(record.body(as: record_buffer_use.self), &event)
    case .bufferRelease: bufferRelease(record.body(as: record_buffer_release.self), &event)
    case .bufferTable: bufferTable(record.body(as: record_buffer_table.self), &event)
    case .bufferSlot: bufferSlot(record.body(as: record_buffer_slot.self), &event)
    case .registerArgument: registerArgument(record.body(as: record_register_argument.self), &event)
    case .blockRequest: blockRequest(record.body(as: record_block_request.self), &event)
    case .groupBuffer: groupBuffer(record.body(as: record_group_buffer.self), &event)
    case .localBuffer: localBuffer(record.body(as: record_local_buffer.self), &event)
    case .symbol: symbol(record.body(as: record_symbol.self), &event)
    case .providedTail: providedTail(record.body(as: record_provided_tail.self), &event)
    case .parked: parked(record.body(as: record_parked.self), &event)
    case .ringDepth: ringDepth(record.body(as: record_ring_depth.self), &event)
    case .ringBalance: ringBalance(record.body(as: record_ring_balance.self), &event)
    case .unsubmitted: unsubmitted(record.body(as: record_unsubmitted.self), &event)
    case .unreaped: unreaped(record.body(as: record_unreaped.self), &event)
    case .kernelStack: kernelStack(record.body(as: record_kernel_stack.self), &event)
    case .fileState: fileState(record.body(as: record_file_state.self), &event)
    case .diskRequest: diskRequest(record.body(as: record_disk_request.self), &event)
    case .registeredFile: registeredFile(record.body(as: record_registered_file.self), &event)
    case .providedGroup: providedGroup(record.body(as: record_provided_group.self), &event)
    case .submitStack: submitStack(record.body(as: record_submit_stack.self), &event)
    case .userStack: userStack(record.body(as: record_user_stack.self), &event)
    case .end: break
    @unknown default: break
    }
  }

  /// Moves time on where no record does (live): rates and ages depend on it.
  @inline(__always)
  public mutating func advance(to time: UInt64) {
    if time >= clock.nextTick {
      passTicks(until: time)
    } else {
      clock.advance(within: time)
    }
  }

  /// Brings the clock up to what the short path took without moving it.
  mutating func catchUp() {
    var last: UInt64 = 0
    let limit = clock.nextTick
    rings.forEachRing { _, ring in if ring.lastTime < limit { last = max(last, ring.lastTime) } }
    clock.advance(within: last)
  }

  @inline(never)
  private mutating func passTicks(until time: UInt64) {
    if let ticks = clock.advance(over: time) { rings.sample(at: ticks) }
  }
}
