import CRecord
import UringTrace

/// Functions that add records of inventory walks (BPF iterators over the kernel's structures).
extension RecordStream {
  /// Adds a request that was found by an inventory walk that began at `time` (default: now).
  mutating func parked(
    _ request: Int, _ opcode: String = "POLL_ADD", ring: UInt64 = 1, userData: UInt64 = 0,
    place: RecordPlace = .poll, behind: Int = 0, knows: SQEKnowledge = [], at time: UInt64? = nil,
    change: (inout record_parked) -> Void = { _ in }
  ) {
    let isNew = known[request] == nil
    if isNew { known[request] = Known(ring: ring, opcode: op(opcode), userData: userData) }
    var body = record_parked()
    body.place = place
    body.user_data = userData
    body.behind = Self.address(behind)
    body.known = knows.rawValue
    body.tgid = 10
    body.submitter_tid = 11
    body.since_ns = time ?? self.time
    change(&body)
    let next = self.time
    if let time { self.time = time }
    let tid = self.tid
    self.tid = place == .workRunning ? 77 : 0
    add(&body, \.base, .parked, request)
    self.tid = tid
    if time != nil { self.time = next }
  }

  /// Adds request 1, whose poll is armed, and two inventory results for the ring, ten seconds
  /// apart. In both, thread 100 waits for a CQE. Returns the time of the first result.
  mutating func waitForPoll(
    _ opcode: String, userData: UInt64, fd: Int32, events: UInt32
  ) -> UInt64 {
    submit(1, opcode, userData: userData) { $0.fd = fd }
    parked(1, opcode, userData: userData)
    pollArm(1)
    parked(1, opcode, userData: userData) { $0.poll_events = events }
    wait(1, for: 1)
    depth(sq: 0, cq: 0, waiter: 100)
    let start = time
    time += 10_000_000_000
    depth(sq: 0, cq: 0, waiter: 100)
    return start
  }

  /// Adds the block request of an io_uring request, or one without an io_uring request if `request`
  /// is 0. If `request` is nil, adds the first record of a walk over block devices, which voids
  /// earlier walks.
  mutating func disk(
    _ request: Int?, tag: UInt16 = 0, device: String = "ublkb0", server: UInt32 = 0,
    isWithServer: Bool = false, since start: UInt64 = 5
  ) {
    var body = record_disk_request()
    if request != nil {
      body.block.request = 0xffff_8881_0000_0000
      body.block.tag = tag
      body.block.length = 4096
      body.block.sector = 8
      fill(&body.block.disk, device)
      body.start_ns = start
      body.server_tgid = server
      body.with_server = isWithServer ? 1 : 0
    }
    if let request, request != 0 {
      add(&body, \.base, .diskRequest, request)
    } else {
      add(&body, \.base, .diskRequest, 0, ring: 0)
    }
  }

  mutating func registeredFile(
    _ index: UInt32, references: Int32, _ file: record_file_identity = record_file_identity()
  ) {
    var body = record_registered_file()
    body.file = file
    body.index = index
    body.references = references
    add(&body, \.base, .registeredFile, 0, ring: 1)
  }

  mutating func providedGroup(
    _ bgid: UInt32, left: UInt32, entries: UInt32 = 0,
    change: (inout record_provided_group) -> Void = { _ in }
  ) {
    var body = record_provided_group()
    body.bgid = bgid
    body.left = left
    body.entries = entries
    change(&body)
    add(&body, \.base, .providedGroup, 0, ring: 1)
  }

  mutating func submitStack(_ request: Int, tgid: UInt32, stack: UInt32) {
    var body = record_submit_stack()
    body.tgid = tgid
    body.stack = stack
    add(&body, \.base, .submitStack, request)
  }

  mutating func balance(_ ring: UInt64 = 1, outstanding: UInt64, at time: UInt64? = nil) {
    var body = record_ring_balance()
    body.outstanding = outstanding
    body.method = .allocated
    let next = self.time
    if let time { self.time = time }
    add(&body, \.base, .ringBalance, 0, ring: ring)
    if time != nil { self.time = next }
  }

  mutating func depth(
    _ ring: UInt64 = 1, sq: UInt32, cq: UInt32, waiter: UInt32 = 0, asleepMilliseconds: UInt32 = 0,
    inIOWait: Bool = false
  ) {
    var body = record_ring_depth()
    body.waiter_in_iowait = inIOWait ? 1 : 0
    body.sq_pending = sq
    body.cq_pending = cq
    body.waiters = waiter == 0 ? 0 : 1
    body.waiter_tid = waiter
    body.waiter_tgid = waiter == 0 ? 0 : 10
    body.waiter_missing = 3
    body.waiter_asleep_ms = asleepMilliseconds
    add(&body, \.base, .ringDepth, 0, ring: ring)
  }
}
