import CRecord
import UringTrace

/// Composes a stream of records, so that a test reads like a list of events.
///
/// Small numbers stand for requests and rings. A record about a request repeats the ring, opcode
/// and
/// `user_data` of its submission. Each record is 1 µs after the previous one, unless ``time`` is
/// set.
struct RecordStream {
  /// Time of the next record, in nanoseconds.
  var time: UInt64 = 1_000_000_000
  var tid: UInt32 = 100
  private(set) var records: [[UInt64]] = []

  struct Known {
    var ring: UInt64 = 1
    var opcode: Opcode = op("NOP")
    var userData: UInt64 = 0
  }
  var known: [Int: Known] = [:]

  static func address(_ request: Int) -> UInt64 {
    request == 0 ? 0 : 0xffff_8881_0000_0000 + UInt64(request) * 256
  }

  static func context(_ ring: UInt64) -> UInt64 {
    ring == 0 ? 0 : 0xffff_8880_0000_0000 + ring * 4096
  }

  // MARK: Requests

  mutating func submit(
    _ request: Int, _ opcode: String = "NOP", ring: UInt64 = 1, userData: UInt64 = 0,
    flags: SQEFlags = [], notification: Int = 0, sqThread: Bool = false, tgid: UInt32 = 10,
    isSQEKnown: Bool = true, groupRole: UInt16 = 0, sqe change: (inout SQE) -> Void = { _ in }
  ) {
    known[request] = Known(ring: ring, opcode: op(opcode), userData: userData)
    var body = record_submit()
    body.flags = UInt64(flags.rawValue)
    body.notif = Self.address(notification)
    body.tgid = tgid
    body.sq_thread = sqThread ? 1 : 0
    body.group_role = groupRole
    body.sqe_is_known = isSQEKnown ? 1 : 0
    body.sqe = sqe(request, flags: flags, change)
    add(&body, \.base, .submit, request)
  }

  mutating func prepareFails(
    _ request: Int, _ opcode: String = "NOP", error: Int32, ring: UInt64 = 1, userData: UInt64 = 0,
    flags: SQEFlags = [], sqe change: (inout SQE) -> Void = { _ in }
  ) {
    known[request] = Known(ring: ring, opcode: op(opcode), userData: userData)
    var body = record_req_failed()
    body.flags = UInt64(flags.rawValue)
    body.error = error
    body.tgid = 10
    body.sqe = sqe(request, flags: flags, change)
    add(&body, \.base, .reqFailed, request)
  }

  mutating func fileGet(
    _ request: Int, fd: Int32 = 3, file: record_file_identity = record_file_identity()
  ) {
    var body = record_file_get()
    body.fd = fd
    body.file = file
    add(&body, \.base, .fileGet, request)
  }

  mutating func pollArm(_ request: Int, events: Int32 = 1) {
    var body = record_poll_arm()
    body.events = events
    add(&body, \.base, .pollArm, request)
  }

  mutating func taskAdd(_ request: Int, mask: Int32 = 1) {
    var body = record_task_add()
    body.mask = mask
    add(&body, \.base, .taskAdd, request)
  }

  mutating func queueAsyncWork(_ request: Int, hashed: Bool = false) {
    var body = record_queue_async_work()
    body.hashed = hashed ? 1 : 0
    add(&body, \.base, .queueAsyncWork, request)
  }

  mutating func `defer`(_ request: Int) {
    var body = record_defer()
    add(&body, \.base, .defer, request)
  }

  mutating func link(_ request: Int, to target: Int) {
    var body = record_link()
    body.target = Self.address(target)
    add(&body, \.base, .link, request)
  }

  mutating func failLink(_ failed: Int, cancels link: Int) {
    var body = record_fail_link()
    body.link = Self.address(link)
    add(&body, \.base, .failLink, failed)
  }

  mutating func complete(_ request: Int, _ result: Int32 = 0, flags: CQEFlags = []) {
    var body = record_complete()
    body.user_data = known[request, default: Known()].userData
    body.res = result
    body.cflags = flags.rawValue
    add(&body, \.base, .complete, request)
  }

  /// Adds a CQE that names a request but has a different `user_data` than its submission.
  mutating func completeAs(_ request: Int, userData: UInt64, _ result: Int32 = 0) {
    known[request]?.userData = userData
    complete(request, result)
  }

  /// Adds a CQE that names no request.
  mutating func completeUnnamed(
    ring: UInt64 = 1, userData: UInt64, _ result: Int32 = 0, flags: CQEFlags = []
  ) {
    var body = record_complete()
    body.user_data = userData
    body.res = result
    body.cflags = flags.rawValue
    add(&body, \.base, .complete, 0, ring: ring)
  }

  /// Adds the notification CQE of a zero-copy send. The notification has its own `io_kiocb`.
  mutating func notify(
    _ notification: Int, ring: UInt64 = 1, userData: UInt64 = 0, _ result: Int32 = 0
  ) {
    var body = record_complete()
    body.user_data = userData
    body.res = result
    body.cflags = CQEFlags.notification.rawValue
    known[notification] = Known(ring: ring)
    add(&body, \.base, .complete, notification, ring: ring)
  }

  mutating func overflow(
    _ request: Int = 0, ring: UInt64 = 1, userData: UInt64 = 0, _ result: Int32 = 0,
    flags: CQEFlags = [], dropped: Bool = false
  ) {
    var body = record_cqe_overflow()
    body.user_data = request == 0 ? userData : known[request, default: Known()].userData
    body.res = result
    body.cflags = flags.rawValue
    body.dropped = dropped ? 1 : 0
    add(&body, \.base, .cqeOverflow, request, ring: ring)
  }

  mutating func skip(_ request: Int, _ result: Int32 = 0) {
    var body = record_skip()
    body.res = result
    add(&body, \.base, .skip, request)
  }

  mutating func freed(_ request: Int, at time: UInt64? = nil) {
    var body = record_freed()
    let next = self.time
    if let time { self.time = time }
    add(&body, \.base, .freed, request)
    if time != nil { self.time = next }
  }

  mutating func shortWrite(ring: UInt64 = 1, position: UInt64, wanted: UInt64, got: UInt64) {
    var body = record_short_write()
    body.pos = position
    body.wanted = wanted
    body.got = got
    add(&body, \.base, .shortWrite, 0, ring: ring)
  }

  // MARK: Rings

  mutating func create(
    _ ring: UInt64 = 1, fd: Int32 = 3, tgid: UInt32 = 10, comm: String = "app",
    flags: SetupFlags = [], sqThread: UInt32 = 0
  ) {
    var body = record_create()
    body.fd = fd
    body.tgid = tgid
    body.sq_entries = 32
    body.cq_entries = 64
    body.flags = flags.rawValue
    body.sq_thread_tid = sqThread
    fill(&body.comm, comm)
    add(&body, \.base, .create, 0, ring: ring)
  }

  mutating func ringFound(
    _ ring: UInt64, tgid: UInt32 = 10, comm: String = "app", flags: SetupFlags = [],
    submitter: UInt32 = 0
  ) {
    var body = record_ring_found()
    body.submitter_tid = submitter
    body.tgid = tgid
    body.sq_entries = 32
    body.cq_entries = 64
    body.flags = flags.rawValue
    fill(&body.comm, comm)
    add(&body, \.base, .ringFound, 0, ring: ring)
  }

  mutating func ringFD(_ ring: UInt64, tgid: UInt32, fd: Int32) {
    var body = record_ring_fd()
    body.tgid = tgid
    body.fd = fd
    add(&body, \.base, .ringFd, 0, ring: ring)
  }

  /// Adds a counts record: the numbers of requests, up to now or up to `time`, that have no records
  /// of their own.
  mutating func counts(
    _ ring: UInt64, submitted: UInt64, completed: UInt64, until time: UInt64? = nil
  ) {
    var body = record_counts()
    body.submitted = submitted
    body.completed = completed
    body.cqes = completed
    let now = self.time
    self.time = time ?? now
    add(&body, \.base, .counts, 0, ring: ring)
    self.time = now + 1_000
  }

  mutating func ringClosed(_ ring: UInt64) {
    var body = record_ring_closed()
    add(&body, \.base, .ringClosed, 0, ring: ring)
  }

  /// Adds the record of a scan of all rings or, if `ring` is not 0, of a ring that a scan did not
  /// find.
  mutating func ringScan(missing ring: UInt64 = 0) {
    var body = record_ring_scan()
    add(&body, \.base, .ringScan, 0, ring: ring)
  }

  mutating func register(
    _ ring: UInt64, opcode: UInt32, files: UInt32, buffers: UInt32, result: Int64
  ) {
    var body = record_register()
    body.opcode = opcode
    body.nr_files = files
    body.nr_bufs = buffers
    body.result = result
    add(&body, \.base, .register, 0, ring: ring)
  }

  mutating func wait(_ ring: UInt64, for events: Int32, tgid: UInt32 = 0) {
    var body = record_cqring_wait()
    body.tgid = tgid
    body.min_events = events
    add(&body, \.base, .cqringWait, 0, ring: ring)
  }

  // MARK: Other records

  mutating func lost(_ count: UInt64, cause: LossCause = .ringBufferFull) {
    var body = record_lost()
    body.count = count
    body.cause = cause
    add(&body, \.base, .lost, 0, ring: 0)
  }

  mutating func flagName(bit: UInt32, _ name: String) {
    var body = record_flag_name()
    body.bit = bit
    fill(&body.name, name)
    add(&body, \.base, .flagName, 0, ring: 0)
  }

  mutating func fileName(
    ring: UInt64 = 0, tgid: UInt32 = 10, fd: Int32, isFixed: Bool = false, _ name: String,
    claimedLength: UInt32? = nil
  ) {
    var body = record_file_name()
    body.tgid = tgid
    body.fd = fd
    body.is_fixed = isFixed ? 1 : 0
    body.length = claimedLength ?? UInt32(name.utf8.count)
    add(&body, \.base, .fileName, 0, ring: ring, text: Array(name.utf8))
  }

  /// Adds arbitrary words as a record.
  mutating func raw(_ words: [UInt64]) { records.append(words) }

  /// Changes the size field of the last record.
  mutating func resizeLast(to size: UInt16) {
    withUnsafeMutableBytes(of: &records[records.count - 1][3]) {
      $0.storeBytes(of: size, toByteOffset: 4, as: UInt16.self)
    }
  }

  // MARK: Replay

  /// Returns an aggregator that has consumed all records.
  func replay(limits: Aggregator.Limits = Aggregator.Limits()) -> Aggregator {
    var aggregator = Aggregator(
      host: HostDescription(kernel: "test", tier: "tracepoints", startTime: 0, startRealtime: 0),
      limits: limits)
    consume(into: &aggregator)
    return aggregator
  }

  func consume(into aggregator: inout Aggregator) {
    for words in records {
      words.withUnsafeBytes {
        aggregator.consume($0.baseAddress!.assumingMemoryBound(to: record.self))
      }
    }
    #if DEBUG
      aggregator.checkInvariants()
    #endif
  }

  func snapshot(limits: Aggregator.Limits = Aggregator.Limits()) -> Snapshot {
    var aggregator = replay(limits: limits)
    return aggregator.snapshot()
  }

  // MARK: Composition

  private func sqe(_ request: Int, flags: SQEFlags, _ change: (inout SQE) -> Void) -> SQE {
    var sqe = SQE()
    sqe.opcode = known[request, default: Known()].opcode.rawValue
    sqe.flags = flags.rawValue
    sqe.user_data = known[request, default: Known()].userData
    change(&sqe)
    return sqe
  }

  mutating func add<T>(
    _ body: inout T, _ base: WritableKeyPath<T, record>, _ kind: RecordKind, _ request: Int,
    ring: UInt64? = nil, text: [UInt8] = []
  ) {
    let size = (MemoryLayout<T>.size + text.count + 7) / 8 * 8
    let known = self.known[request]
    body[keyPath: base] = record(
      time_ns: time, ctx: Self.context(ring ?? known?.ring ?? 1), req: Self.address(request),
      tid: tid, size: UInt16(size), kind: kind,
      opcode: request == 0 ? UInt8(RECORD_OPCODE_NONE) : known?.opcode.rawValue ?? 0)
    var words = [UInt64](repeating: 0, count: size / 8)
    words.withUnsafeMutableBytes { buffer in
      withUnsafeBytes(of: body) { buffer.copyMemory(from: $0) }
      UnsafeMutableRawBufferPointer(rebasing: buffer[MemoryLayout<T>.size...]).copyBytes(from: text)
    }
    records.append(words)
    time &+= 1_000
  }

  func fill<T>(_ field: inout T, _ text: String) {
    withUnsafeMutableBytes(of: &field) { $0.copyBytes(from: text.utf8.prefix($0.count - 1)) }
  }
}

func op(_ name: String) -> Opcode { Opcode(name: name)! }

extension Snapshot {
  /// Returns the latest ended request with this `user_data`.
  func ended(_ userData: UInt64) -> Request? { recent.first { $0.userData == userData } }
  func inFlight(_ userData: UInt64) -> Request? { requests.first { $0.userData == userData } }
  var counts: Ring.Counts { rings[0].counts }
}

extension Request {
  var kinds: [Step.Kind] { steps.map(\.kind) }
}
