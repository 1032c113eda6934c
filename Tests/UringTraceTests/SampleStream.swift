import CRecord
import UringRecords

@testable import UringRecordings
@testable import UringTrace

/// A short stream with records of every kind, as if recorded from one ring.
struct SampleStream {
  static let start: UInt64 = 1_000_000_000
  static let context: UInt64 = 0xffff_8881_0000_1000
  static let host = HostDescription(
    kernel: "6.18.44-test", tier: "tracepoints", startTime: start, startRealtime: 1_700_000_000)

  var buffer = RecordBuffer()
  private(set) var time = Self.start

  /// Creates records of all kinds except `end`, with `repetitions` READs.
  init(repetitions: Int = 3) {
    flagName(bit: 8, "FAIL")
    create()
    appendDescriptor()
    taskName()
    cgroup("/system.slice/db.service")
    fileName("/tmp/a \"file\"\n\u{1b}[31m")
    for index in 0..<repetitions {
      let request = 0xffff_8881_2000_0000 + UInt64(index) * 0x100
      submit(request, opcode: 22, userData: 0xdead_0000 + UInt64(index), length: 4096)
      fileGet(request)
      complete(request, userData: 0xdead_0000 + UInt64(index), result: index == 1 ? -5 : 4096)
    }
    odds()
    buffers()
    // This request stays in flight.
    submit(0xffff_8881_3000_0000, opcode: 23, userData: .max, length: 512)
  }

  /// Returns a binary recording without blocks, the format of the first versions of uringtop.
  /// `isComplete` adds the end record.
  func binary(isComplete: Bool = true) -> [UInt8] {
    encoded(by: PlainEncoder(header: Self.header), isComplete: isComplete)
  }

  private static let header = RecordingHeader(toolVersion: "0.0.1", host: host)

  /// - Parameter silence: nanoseconds from the last record to the end.
  func encoded(_ format: TraceFormat, isComplete: Bool = true, silence: UInt64 = 0) -> [UInt8] {
    encoded(
      by: format.makeEncoder(header: Self.header), isComplete: isComplete, silence: silence)
  }

  private func encoded(
    by encoder: any TraceEncoder, isComplete: Bool, silence: UInt64 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    if isComplete {
      encoder.end(time: time + silence, records: buffer.count, lost: 7, into: &bytes)
    }
    return bytes
  }

  mutating func base(
    _ kind: RecordKind, _ request: UInt64 = 0, opcode: UInt8 = 0xff
  ) -> record {
    time += 1_000_000
    return record(
      time_ns: time, ctx: Self.context, req: request, tid: 4243, size: 0, kind: kind,
      opcode: opcode)
  }

  private mutating func create() {
    var create = record_create()
    create.base = base(.create)
    create.fd = 5
    create.tgid = 4242
    create.sq_entries = 64
    create.cq_entries = 128
    create.flags = 0x8000_1002
    create.comm.0 = 0x66
    create.comm.1 = -1  // not UTF-8
    buffer.append(create, base: \.base)
  }

  private mutating func appendDescriptor() {
    var descriptor = record_ring_fd()
    descriptor.base = base(.ringFd)
    descriptor.tgid = 4242
    descriptor.fd = 5
    buffer.append(descriptor, base: \.base)
  }

  private func sqe(opcode: UInt8, userData: UInt64, length: UInt32) -> SQE {
    var sqe = SQE()
    sqe.opcode = opcode
    sqe.fd = 9
    sqe.off = .max
    sqe.addr = 0x7fff_1234_5678
    sqe.len = length
    sqe.user_data = userData
    sqe.flags = 0b1010_0000
    sqe.buf_index = 3
    return sqe
  }

  private mutating func submit(
    _ request: UInt64, opcode: UInt8, userData: UInt64, length: UInt32
  ) {
    var submit = record_submit()
    submit.base = base(.submit, request, opcode: opcode)
    submit.flags = 1 << 8 | 1 << 40
    submit.tgid = 4242
    submit.sqe_is_known = 1
    submit.sqe = sqe(opcode: opcode, userData: userData, length: length)
    buffer.append(submit, base: \.base)
  }

  private mutating func fileGet(_ request: UInt64) {
    var get = record_file_get()
    get.base = base(.fileGet, request, opcode: 22)
    get.fd = 9
    get.file = record_file_identity(
      file: 0xffff_8881_5000_0000, inode: 77, device: 8 << 20 | 1, generation: 3,
      file_system: 0xef53, mode: 0o100644, anonymous: .none)
    buffer.append(get, base: \.base)
  }

  /// Adds the records about buffers, with a different value in each field.
  private mutating func buffers() {
    var block = record_block()
    block.request = 0xffff_8881_4000_0000
    block.sector = 1 << 33
    block.length = 4096
    block.operation = 1
    block.queue = 2
    block.tag = 3
    block.io_flags = 0x12
    CharArray.set(&block.disk, to: "ublkb0")
    let request: UInt64 = 0xffff_8881_5000_0000
    submit(request, opcode: 46, userData: 0xb0, length: 0)
    let known = record_command(
      base: base(.command, request, opcode: 46), device: 0xffff_8881_6000_0000,
      command: 0xc010_7521, flags: 1 << 11, block: block)
    buffer.append(known, base: \.base)
    var unknown = known
    unknown.base.time_ns += 1
    unknown.block = record_block()
    buffer.append(unknown, base: \.base)
    let registered = record_buffer(
      buffer: 0xffff_8881_7000_0000, node: 0xffff_8881_7000_0100, address: 0, length: 4096,
      priv: block.request, release: 0xffff_ffff_8100_0000, tag: 9, references: -1, sharers: 1,
      segments: 1, index: 7, is_kernel: 1, direction: 2, in_table: 1, reserved: (0, 0, 0, 0, 0))
    let table = record_buffer_table(
      base: base(.bufferTable), size: 8, first: 0, count: 8, register_opcode: 15)
    buffer.append(table, base: \.base)
    buffer.append(record_buffer_slot(base: base(.bufferSlot), buffer: registered), base: \.base)
    let argument = record_register_argument(
      base: base(.registerArgument), opcode: 22, nr_args: 1, words: (1, 2, 3, .max))
    buffer.append(argument, base: \.base)
    let name = record_block_request(
      base: base(.blockRequest, request, opcode: 46), block: block)
    buffer.append(name, base: \.base)
    buffer.append(
      record_buffer_use(base: base(.bufferUse, request, opcode: 46), buffer: registered),
      base: \.base)
    let fuse = record_fuse_request(
      base: base(.fuseRequest, request, opcode: 46), unique: .max, node: .max - 1,
      offset: 1 << 40, length: 8192, operation: 15, command: 2, queue: 3, buffer: registered)
    buffer.append(fuse, base: \.base)
    let release = record_buffer_release(
      base: base(.bufferRelease), buffer: registered.buffer, node: registered.node,
      priv: registered.priv, release: registered.release, function: .freeRsrcNode, sharers: 1)
    buffer.append(release, base: \.base)
    let group = record_group_buffer(
      base: base(.groupBuffer, request, opcode: 46), leader: request,
      acknowledge: registered.release, length: 8192, offset: 512, segments: 2, direction: 1)
    buffer.append(group, base: \.base)
    let local = record_local_buffer(
      base: base(.localBuffer, request, opcode: 46), buffer: registered, role: 3, reserved: 0)
    buffer.append(local, base: \.base)
    var symbol = record_symbol(
      base: base(.symbol), address: registered.release, name: record_symbol().name)
    CharArray.set(&symbol.name, to: "ublk_io_release")
    buffer.append(symbol, base: \.base)
    let tail = record_provided_tail(base: base(.providedTail), bgid: 3, tail: 65535)
    buffer.append(tail, base: \.base)
  }

  private mutating func complete(_ request: UInt64, userData: UInt64, result: Int32) {
    var complete = record_complete()
    complete.base = base(.complete, request, opcode: 22)
    complete.user_data = userData
    complete.res = result
    complete.cflags = 1 | 17 << 16
    complete.extra2 = 1
    buffer.append(complete, base: \.base)
  }

  /// Adds the records of an inventory walk (BPF iterators over the kernel's structures) over a
  /// ring.
  private mutating func inventory(_ ring: UInt64) {
    func on(_ base: record) -> record {
      var base = base
      base.ctx = ring
      return base
    }
    let request: UInt64 = 0xffff_8881_5000_0000
    var parked = record_parked()
    parked.base = on(base(.parked, request, opcode: 22))
    parked.since_ns = Self.start
    parked.behind = 0xffff_8881_5000_0100
    parked.flags = 1 << 8
    parked.user_data = 0xbeef
    parked.off = .max
    parked.len = 10
    parked.fd = 4
    parked.place = .workRunning
    parked.known = UInt8(RECORD_KNOWS_OFF | RECORD_KNOWS_LEN | RECORD_KNOWS_FD)
    buffer.append(parked, base: \.base)
    var stack = record_kernel_stack()
    stack.base = on(base(.kernelStack, request, opcode: 22))
    stack.length = 11
    buffer.append(stack, base: \.base, trailer: Array("a+0x1\nb+0x2".utf8))
    var file = record_file_state()
    file.base = on(base(.fileState, request, opcode: 22))
    file.poll_events = 1
    file.receive_bytes = 5
    file.send_bytes = -1
    file.length = 3
    buffer.append(file, base: \.base, trailer: Array("tcp".utf8))
    buffer.append(
      record_submit_stack(base: on(base(.submitStack, request, opcode: 22)), tgid: 4242, stack: 7),
      base: \.base)
    var user = record_user_stack()
    user.base = base(.userStack)
    user.tgid = 4242
    user.stack = 7
    user.length = 5
    buffer.append(user, base: \.base, trailer: Array("c+0x3".utf8))
    var disk = record_disk_request()
    disk.base = base(.diskRequest)
    buffer.append(disk, base: \.base)
    disk.base = on(base(.diskRequest, request, opcode: 22))
    disk.start_ns = 5
    disk.block.request = 0xffff_8881_6000_0000
    CharArray.set(&disk.block.disk, to: "ublkb0")
    disk.block.tag = 3
    disk.server_tgid = 77
    disk.with_server = 1
    buffer.append(disk, base: \.base)
    buffer.append(
      record_registered_file(
        base: on(base(.registeredFile)), tag: 7, inode: 1234, index: 3, references: 1,
        mode: 0o140777, can_read: 1, can_write: 0, file_system: 0x534f_434b,
        file: record_file_identity()), base: \.base)
    buffer.append(
      record_provided_group(
        base: on(base(.providedGroup)), bgid: 5, left: 2, entries: 8, head_is_known: 1,
        head_address: 0x5000, head_length: 64, head_bid: 3, head_slot: 1), base: \.base)
    buffer.append(
      record_provided_twice(
        base: on(base(.providedTwice, request, opcode: 22)), bgid: 5, bid: 3, distance: 1, left: 2),
      base: \.base)
    buffer.append(
      record_reaped(base: on(base(.reaped)), user_data: 8, res: 1, cflags: 2), base: \.base)
    var lag = record_reap_lag()
    lag.base = on(base(.reapLag))
    lag.since_ns = Self.start
    lag.user_data = 8
    lag.count = 1
    lag.length = 5
    buffer.append(lag, base: \.base, trailer: Array("pause".utf8))
    var depth = record_ring_depth()
    depth.base = on(base(.ringDepth))
    depth.sq_pending = 1
    depth.waiters = 1
    depth.waiter_tid = 4243
    depth.waiter_missing = 2
    depth.waiter_asleep_ms = 3
    depth.sq_thread = .sleeps
    depth.sq_thread_ms = 12
    buffer.append(depth, base: \.base)
    threads(on)
    var balance = record_ring_balance()
    balance.base = on(base(.ringBalance))
    balance.outstanding = 3
    balance.method = .references
    balance.reached = 1
    buffer.append(balance, base: \.base)
    let queued = sqe(opcode: 22, userData: 9, length: 5)
    buffer.append(
      record_unsubmitted(base: on(base(.unsubmitted, opcode: 22)), sqe: queued), base: \.base)
    buffer.append(record_reaped_sqe(base: on(base(.reapedSqe)), sqe: queued), base: \.base)
    buffer.append(
      record_unreaped(
        base: on(base(.unreaped)), user_data: 8, res: -4, cflags: 2, is_overflowed: 1, reserved: 0),
      base: \.base)
  }

  /// Adds records about threads that serve a ring, and about memory and buffers that are removed
  /// under a request.
  private mutating func threads(_ on: (record) -> record) {
    let request: UInt64 = 0xffff_8881_5000_0000
    var thread = record_sq_thread()
    thread.base = on(base(.sqThread))
    (thread.ran_ns, thread.delayed_ns, thread.slept) = (7, 8, 9)
    (thread.idle_ms, thread.policy, thread.nice, thread.length) = (4, 5, -3, 3)
    buffer.append(thread, base: \.base, trailer: "0-3".utf8)
    let lists = "1\n0-3"
    buffer.append(
      record_worker_pool(
        base: base(.workerPool), tgid: 77, workers: 48, idle: 47, length: UInt32(lists.utf8.count)),
      base: \.base, trailer: lists.utf8)
    var held = record_held_buffer()
    held.base = on(base(.heldBuffer, request, opcode: 4))
    held.buffer.buffer = 0xffff_8881_7000_0000
    held.buffer.index = 1
    buffer.append(held, base: \.base)
    var change = record_memory_change()
    change.base = base(.memoryChange)
    change.base.ctx = 0
    (change.address, change.length, change.tgid) = (0x7000, 4096, 77)
    (change.call, change.advice, change.stack) = (.madvise, 4, 3)
    buffer.append(change, base: \.base)
  }

  /// Adds a record of each remaining kind.
  private mutating func odds() {
    let first: UInt64 = 0xffff_8881_4000_0000
    let second: UInt64 = 0xffff_8881_4000_0100
    submit(first, opcode: 22, userData: 1, length: 1)
    submit(second, opcode: 46, userData: 2, length: 1)
    buffer.append(record_link(base: base(.link, second, opcode: 46), target: first), base: \.base)
    buffer.append(record_defer(base: base(.defer, first, opcode: 22)), base: \.base)
    buffer.append(
      record_poll_arm(base: base(.pollArm, first, opcode: 22), mask: 0, events: 0x2001),
      base: \.base)
    buffer.append(
      record_task_add(base: base(.taskAdd, first, opcode: 22), mask: 1, reserved: 0), base: \.base)
    buffer.append(
      record_queue_async_work(
        base: base(.queueAsyncWork, first, opcode: 22), hashed: 1, reserved: 0), base: \.base)
    buffer.append(
      record_short_write(base: base(.shortWrite), pos: .max, wanted: 10, got: 5), base: \.base)
    buffer.append(
      record_fail_link(base: base(.failLink, first, opcode: 22), link: second), base: \.base)
    var overflow = record_cqe_overflow()
    overflow.base = base(.cqeOverflow, second, opcode: 46)
    overflow.user_data = 2
    overflow.res = -125
    buffer.append(overflow, base: \.base)
    buffer.append(
      record_skip(base: base(.skip, first, opcode: 22), res: 0, reserved: 0), base: \.base)
    var failed = record_req_failed()
    failed.base = base(.reqFailed, first, opcode: 22)
    failed.error = -22
    failed.tgid = 4242
    failed.sqe = sqe(opcode: 22, userData: 3, length: 0)
    buffer.append(failed, base: \.base)
    buffer.append(record_freed(base: base(.freed, first)), base: \.base)
    buffer.append(
      record_register(
        base: base(.register), result: -22, opcode: 0, nr_files: 1, nr_bufs: 2, tgid: 4242),
      base: \.base)
    buffer.append(
      record_cqring_wait(base: base(.cqringWait), min_events: 1, tgid: 4242), base: \.base)
    buffer.append(
      record_task_work_run(base: base(.taskWorkRun), tctx: 0xffff_0000, count: 2, loops: 1),
      base: \.base)
    buffer.append(
      record_local_work_run(base: base(.localWorkRun), count: 2, loops: 1), base: \.base)
    var found = record_ring_found()
    found.base = base(.ringFound)
    found.base.ctx += 0x1000
    found.sq_entries = 8
    found.cq_entries = 16
    found.tgid = 77
    buffer.append(found, base: \.base)
    inventory(found.base.ctx)
    var closed = record_ring_closed(base: base(.ringClosed))
    closed.base.ctx += 0x1000
    buffer.append(closed, base: \.base)
    buffer.append(
      record_lost(base: base(.lost), count: 7, cause: .ringBufferFull, reserved: 0), base: \.base)
  }
}
