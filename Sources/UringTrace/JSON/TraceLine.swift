import CRecord

/// A line of trace.jsonl after the header, decoded to the record it was made from.
struct TraceLine: Decodable {
  enum Content {
    /// Appends the record.
    case event((inout RecordBuffer) -> Void)
    case summary(record_end)
  }

  let content: Content

  init(from decoder: any Decoder) throws {
    let line = Members(try decoder.container(keyedBy: Key.self))
    switch try line.string("type") {
    case "event": content = .event(try Self.event(line))
    case "summary":
      var end = record_end()
      end.base.time_ns = try line.integer("t")
      end.base.kind = .end
      end.base.opcode = UInt8(RECORD_OPCODE_NONE)
      end.records = try line.integer("events")
      end.lost = try line.integer("lost")
      content = .summary(end)
    default: throw line.failure("type")
    }
  }

  private static func event(_ line: Members) throws -> (inout RecordBuffer) -> Void {
    guard let kind = JSONNames.event(try line.string("event")) else { throw line.failure("event") }
    var base = record()
    base.time_ns = try line.integer("t")
    base.ctx = try line.hex("ctx", default: 0)
    base.req = try line.hex("kiocb", default: 0)
    base.tid = try line.integer("tid")
    base.kind = kind
    base.opcode = try line.opcode()
    switch kind {
    case .create:
      var create = record_create()
      create.base = base
      create.fd = try line.integer("fd")
      create.tgid = try line.integer("tgid")
      create.sq_entries = try line.integer("sq_entries")
      create.cq_entries = try line.integer("cq_entries")
      create.flags = try line.setupFlags()
      create.sq_thread_tid = try line.integer("sq_thread_tid")
      CharArray.set(&create.comm, to: try line.string("comm"))
      return { [create] in $0.append(create, base: \.base) }
    case .register:
      var register = record_register()
      register.base = base
      register.opcode = try line.integer("register_opcode")
      register.nr_files = try line.integer("nr_files")
      register.nr_bufs = try line.integer("nr_bufs")
      register.result = try line.integer("result")
      register.tgid = try line.integer("tgid")
      return { [register] in $0.append(register, base: \.base) }
    case .fileGet:
      var get = record_file_get()
      get.base = base
      get.fd = try line.integer("fd")
      return { [get] in $0.append(get, base: \.base) }
    case .submit:
      var submit = record_submit()
      submit.base = base
      submit.flags = try line.hex("flag_bits")
      submit.notif = try line.hex("notif", default: 0)
      submit.tgid = try line.integer("tgid")
      submit.group_role = try line.optionalInteger("group_role") ?? 0
      submit.sq_thread = try line.bool("sq_thread") ? 1 : 0
      submit.sqe_is_known = try line.bool("sqe_known") ? 1 : 0
      if submit.sqe_is_known != 0 {
        submit.sqe = try line.sqe()
      } else {
        submit.sqe.user_data = try line.hex("user_data")
        submit.sqe.opcode = base.opcode
      }
      return { [submit] in $0.append(submit, base: \.base) }
    case .queueAsyncWork:
      var work = record_queue_async_work()
      work.base = base
      work.hashed = try line.bool("hashed") ? 1 : 0
      return { [work] in $0.append(work, base: \.base) }
    case .pollArm:
      var poll = record_poll_arm()
      poll.base = base
      poll.mask = try line.integer("mask")
      poll.events = try line.integer("events")
      return { [poll] in $0.append(poll, base: \.base) }
    case .taskAdd:
      var add = record_task_add()
      add.base = base
      add.mask = try line.integer("mask")
      return { [add] in $0.append(add, base: \.base) }
    case .defer:
      let record = record_defer(base: base)
      return { $0.append(record, base: \.base) }
    case .link:
      let record = record_link(base: base, target: try line.hex("target"))
      return { $0.append(record, base: \.base) }
    case .failLink:
      let record = record_fail_link(base: base, link: try line.hex("link"))
      return { $0.append(record, base: \.base) }
    case .complete:
      var complete = record_complete()
      complete.base = base
      complete.user_data = try line.hex("user_data")
      complete.res = try line.integer("res")
      complete.cflags = try line.integer("cflags")
      complete.extra1 = try line.hex("extra1", default: 0)
      complete.extra2 = try line.hex("extra2", default: 0)
      if let submitted: UInt64 = try line.optionalInteger("submitted_ns") {
        let unseen = record_complete_unseen(complete: complete, submitted_ns: submitted)
        return { $0.append(unseen, base: \.complete.base) }
      }
      return { [complete] in $0.append(complete, base: \.base) }
    case .cqeOverflow:
      var overflow = record_cqe_overflow()
      overflow.base = base
      overflow.user_data = try line.hex("user_data")
      overflow.res = try line.integer("res")
      overflow.cflags = try line.integer("cflags")
      overflow.dropped = try line.bool("dropped") ? 1 : 0
      return { [overflow] in $0.append(overflow, base: \.base) }
    case .reqFailed:
      var failed = record_req_failed()
      failed.base = base
      failed.flags = try line.hex("flag_bits")
      failed.error = try line.integer("error")
      failed.tgid = try line.integer("tgid")
      failed.sqe = try line.sqe()
      return { [failed] in $0.append(failed, base: \.base) }
    case .cqringWait:
      var wait = record_cqring_wait()
      wait.base = base
      wait.min_events = try line.integer("min_events")
      wait.tgid = try line.integer("tgid")
      return { [wait] in $0.append(wait, base: \.base) }
    case .taskWorkRun:
      var run = record_task_work_run()
      run.base = base
      run.tctx = try line.hex("tctx")
      run.count = try line.integer("count")
      run.loops = try line.integer("loops")
      return { [run] in $0.append(run, base: \.base) }
    case .localWorkRun:
      var run = record_local_work_run()
      run.base = base
      run.count = try line.integer("count")
      run.loops = try line.integer("loops")
      return { [run] in $0.append(run, base: \.base) }
    case .shortWrite:
      var short = record_short_write()
      short.base = base
      short.pos = UInt64(bitPattern: try line.integer("pos"))
      short.wanted = try line.integer("wanted")
      short.got = try line.integer("got")
      return { [short] in $0.append(short, base: \.base) }
    case .skip:
      var skip = record_skip()
      skip.base = base
      skip.res = try line.integer("res")
      return { [skip] in $0.append(skip, base: \.base) }
    case .ringFound:
      var found = record_ring_found()
      found.base = base
      found.tgid = try line.integer("tgid")
      found.sq_entries = try line.integer("sq_entries")
      found.cq_entries = try line.integer("cq_entries")
      found.flags = try line.setupFlags()
      found.sq_thread_tid = try line.integer("sq_thread_tid")
      found.nr_files = try line.integer("nr_files")
      found.nr_bufs = try line.integer("nr_bufs")
      CharArray.set(&found.comm, to: try line.string("comm"))
      return { [found] in $0.append(found, base: \.base) }
    case .ringFd:
      var descriptor = record_ring_fd()
      descriptor.base = base
      descriptor.tgid = try line.integer("tgid")
      descriptor.fd = try line.integer("fd")
      return { [descriptor] in $0.append(descriptor, base: \.base) }
    case .ringClosed:
      let record = record_ring_closed(base: base)
      return { $0.append(record, base: \.base) }
    case .taskName:
      var task = record_task_name()
      task.base = base
      task.tgid = try line.integer("tgid")
      CharArray.set(&task.comm, to: try line.string("comm"))
      return { [task] in $0.append(task, base: \.base) }
    case .fileName:
      var file = record_file_name()
      file.base = base
      file.tgid = try line.integer("tgid")
      if let index: Int32 = try line.optionalInteger("fixed_file") {
        file.fd = index
        file.is_fixed = 1
      } else {
        file.fd = try line.integer("fd")
      }
      let text = try line.string("name")
      return { [file] in $0.append(file, text: text.utf8) }
    case .lost:
      var lost = record_lost()
      lost.base = base
      lost.count = try line.integer("count")
      guard let cause = JSONNames.lossCause(try line.string("cause")) else {
        throw line.failure("cause")
      }
      lost.cause = cause
      return { [lost] in $0.append(lost, base: \.base) }
    case .freed:
      let record = record_freed(base: base)
      return { $0.append(record, base: \.base) }
    case .counts:
      var counts = record_counts()
      counts.base = base
      counts.submitted = try line.integer("submitted")
      counts.failed = try line.integer("failed")
      counts.completed = try line.integer("completed")
      counts.cqes = try line.integer("cqes")
      counts.auxiliary = try line.integer("auxiliary")
      counts.overflows = try line.integer("overflows")
      counts.dropped = try line.integer("dropped")
      counts.skipped = try line.integer("skipped")
      counts.bytes = try line.integer("bytes")
      counts.unmeasured = try line.integer("unmeasured")
      counts.latency_sum = try line.integer("latency_sum")
      let (errors, latencies) = (try line.pairs("errors"), try line.pairs("latencies"))
      return { [counts] in $0.append(counts, errors: errors, latencies: latencies) }
    case .flagName:
      var name = record_flag_name()
      name.base = base
      name.bit = try line.integer("bit")
      CharArray.set(&name.name, to: try line.string("name"))
      return { [name] in $0.append(name, base: \.base) }
    default: return try bufferEvent(kind, base, line)
    }
  }

  private static func bufferEvent(
    _ kind: RecordKind, _ base: record, _ line: Members
  ) throws -> (inout RecordBuffer) -> Void {
    switch kind {
    case .command:
      var command = record_command()
      command.base = base
      command.command = try line.integer("command")
      command.device = try line.hex("device")
      command.flags = try line.integer("ublk_flags")
      if let block = try line.member("block") { command.block = try block.block() }
      return { [command] in $0.append(command, base: \.base) }
    case .fuseRequest:
      var request = record_fuse_request()
      request.base = base
      request.command = try line.integer("command")
      request.queue = try line.integer("queue")
      request.unique = try line.hex("unique")
      request.node = try line.hex("node_id")
      request.operation = try line.integer("operation")
      request.offset = try line.integer("file_offset")
      request.length = try line.integer("file_length")
      request.buffer = try line.buffer()
      return { [request] in $0.append(request, base: \.base) }
    case .bufferUse:
      let record = record_buffer_use(base: base, buffer: try line.buffer())
      return { $0.append(record, base: \.base) }
    case .bufferSlot:
      let record = record_buffer_slot(base: base, buffer: try line.buffer())
      return { $0.append(record, base: \.base) }
    case .bufferRelease:
      var release = record_buffer_release()
      release.base = base
      guard let function = JSONNames.release(try line.string("function")) else {
        throw line.failure("function")
      }
      release.function = function
      release.buffer = try line.hex("buffer")
      release.node = try line.hex("node")
      release.priv = try line.hex("priv")
      release.release = try line.hex("release")
      release.sharers = try line.integer("sharers")
      return { [release] in $0.append(release, base: \.base) }
    case .bufferTable:
      var table = record_buffer_table()
      table.base = base
      table.size = try line.integer("size")
      table.first = try line.integer("first")
      table.count = try line.integer("count")
      table.register_opcode = try line.optionalInteger("register_opcode") ?? UInt32.max
      return { [table] in $0.append(table, base: \.base) }
    case .registerArgument:
      var argument = record_register_argument()
      argument.base = base
      argument.opcode = try line.integer("register_opcode")
      argument.nr_args = try line.integer("nr_args")
      let words = try line.words("words")
      guard words.count == 4 else { throw line.failure("words") }
      argument.words = (words[0], words[1], words[2], words[3])
      return { [argument] in $0.append(argument, base: \.base) }
    case .blockRequest:
      guard let block = try line.member("block") else { throw line.failure("block") }
      let record = record_block_request(base: base, block: try block.block())
      return { $0.append(record, base: \.base) }
    case .groupBuffer:
      var group = record_group_buffer()
      group.base = base
      group.leader = try line.hex("leader")
      group.acknowledge = try line.hex("acknowledge")
      group.length = try line.integer("length")
      group.offset = try line.integer("offset")
      group.segments = try line.integer("segments")
      group.direction = try line.integer("direction")
      return { [group] in $0.append(group, base: \.base) }
    case .localBuffer:
      var local = record_local_buffer()
      local.base = base
      local.role = try line.integer("role")
      local.buffer = try line.buffer()
      return { [local] in $0.append(local, base: \.base) }
    case .symbol:
      var symbol = record_symbol()
      symbol.base = base
      symbol.address = try line.hex("address")
      CharArray.set(&symbol.name, to: try line.string("name"))
      return { [symbol] in $0.append(symbol, base: \.base) }
    case .providedTail:
      var tail = record_provided_tail()
      tail.base = base
      tail.bgid = try line.integer("bgid")
      tail.tail = try line.integer("tail")
      return { [tail] in $0.append(tail, base: \.base) }
    default: return try inventoryEvent(kind, base, line)
    }
  }

  /// What a walk over the kernel's structures found.
  private static func inventoryEvent(
    _ kind: RecordKind, _ base: record, _ line: Members
  ) throws -> (inout RecordBuffer) -> Void {
    switch kind {
    case .ringDepth:
      var depth = record_ring_depth()
      depth.base = base
      depth.sq_pending = try line.integer("sq_pending")
      depth.cq_pending = try line.integer("cq_pending")
      depth.is_overflowed = try line.bool("cq_overflowed") ? 1 : 0
      depth.waiters = try line.integer("waiters")
      depth.waiter_tid = try line.integer("waiter_tid")
      depth.waiter_tgid = try line.integer("waiter_tgid")
      depth.waiter_missing = try line.integer("waiter_missing")
      depth.waiter_asleep_ms = try line.optionalInteger("waiter_asleep_ms") ?? 0
      depth.sq_thread = JSONNames.activity(try line.optionalString("sq_thread"))
      depth.sq_thread_ms = try line.optionalInteger("sq_thread_ms") ?? 0
      return { [depth] in $0.append(depth, base: \.base) }
    case .ringBalance:
      var balance = record_ring_balance()
      balance.base = base
      balance.outstanding = try line.integer("outstanding")
      guard let method = JSONNames.method(try line.string("method")) else {
        throw line.failure("method")
      }
      balance.method = method
      balance.reached = try line.integer("reached")
      return { [balance] in $0.append(balance, base: \.base) }
    case .parked:
      let parked = try parked(base, line)
      return { $0.append(parked, base: \.base) }
    case .unsubmitted:
      var entry = record_unsubmitted()
      entry.base = base
      entry.sqe = try line.sqe()
      return { [entry] in $0.append(entry, base: \.base) }
    case .unreaped:
      var cqe = record_unreaped()
      cqe.base = base
      cqe.user_data = try line.hex("user_data")
      cqe.res = try line.integer("res")
      cqe.cflags = try line.integer("cflags")
      cqe.is_overflowed = try line.bool("overflowed") ? 1 : 0
      return { [cqe] in $0.append(cqe, base: \.base) }
    case .kernelStack:
      var stack = record_kernel_stack()
      stack.base = base
      stack.are_hidden = try line.bool("names_hidden") ? 1 : 0
      let text = try line.string("stack")
      stack.length = UInt32(text.utf8.count)
      return { [stack] in $0.append(stack, base: \.base, trailer: text.utf8) }
    case .fileState:
      var state = record_file_state()
      state.base = base
      state.poll_events = try line.integer("poll_events")
      state.receive_bytes = try line.optionalInteger("receive_bytes") ?? -1
      state.send_bytes = try line.optionalInteger("send_bytes") ?? -1
      let text = try line.string("text")
      state.length = UInt32(text.utf8.count)
      return { [state] in $0.append(state, base: \.base, trailer: text.utf8) }
    case .diskRequest:
      var disk = record_disk_request()
      disk.base = base
      disk.start_ns = try line.integer("start_ns")
      disk.issued_ns = try line.integer("issued_ns")
      disk.server_tgid = try line.integer("server_tgid")
      disk.with_server = try line.bool("with_server") ? 1 : 0
      if let block = try line.member("block") { disk.block = try block.block() }
      return { [disk] in $0.append(disk, base: \.base) }
    case .registeredFile:
      var file = record_registered_file()
      file.base = base
      file.index = try line.integer("index")
      file.references = try line.optionalInteger("references") ?? -1
      file.tag = try line.hex("tag")
      file.inode = try line.integer("inode")
      file.mode = try line.integer("mode")
      file.can_read = try line.bool("can_read") ? 1 : 0
      file.can_write = try line.bool("can_write") ? 1 : 0
      file.file_system = try line.integer("file_system")
      return { [file] in $0.append(file, base: \.base) }
    case .providedGroup:
      var group = record_provided_group()
      group.base = base
      group.bgid = try line.integer("bgid")
      group.left = try line.integer("left")
      group.entries = try line.integer("entries")
      return { [group] in $0.append(group, base: \.base) }
    case .submitStack:
      var stack = record_submit_stack()
      stack.base = base
      stack.tgid = try line.integer("tgid")
      stack.stack = try line.integer("stack")
      return { [stack] in $0.append(stack, base: \.base) }
    case .userStack:
      var stack = record_user_stack()
      stack.base = base
      stack.tgid = try line.integer("tgid")
      stack.stack = try line.integer("stack")
      let text = try line.string("frames")
      stack.length = UInt32(text.utf8.count)
      return { [stack] in $0.append(stack, base: \.base, trailer: text.utf8) }
    default: throw line.failure("event")
    }
  }

  private static func parked(_ base: record, _ line: Members) throws -> record_parked {
    var parked = record_parked()
    parked.base = base
    guard let place = JSONNames.place(try line.string("place")) else { throw line.failure("place") }
    parked.place = place
    parked.since_ns = try line.integer("since_ns")
    parked.behind = try line.hex("behind", default: 0)
    parked.flags = try line.hex("flag_bits")
    parked.user_data = try line.hex("user_data")
    for name in try line.strings("known") {
      guard let bit = TraceFields.knowledge.firstIndex(of: name) else {
        throw line.failure("known")
      }
      parked.known |= 1 << UInt8(bit)
    }
    parked.fd = try line.integer("fd")
    parked.off = UInt64(bitPattern: try line.integer("off"))
    parked.addr = try line.hex("addr")
    parked.len = try line.integer("len")
    parked.op_flags = try line.integer("op_flags")
    parked.buf_index = try line.integer("buf_index")
    parked.poll_events = try line.integer("poll_events")
    parked.expires_ns = try line.optionalInteger("expires_ns") ?? 0
    parked.tgid = try line.integer("tgid")
    parked.submitter_tid = try line.integer("submitter_tid")
    parked.ublk = try line.optionalInteger("ublk") ?? 0
    return parked
  }

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The members of one line.
  private struct Members {
    private let container: KeyedDecodingContainer<Key>

    init(_ container: KeyedDecodingContainer<Key>) { self.container = container }

    func failure(_ key: String) -> DecodingError {
      .dataCorruptedError(
        forKey: Key(stringValue: key), in: container, debugDescription: "not a known value")
    }

    func integer<T: FixedWidthInteger & Decodable>(_ key: String) throws -> T {
      try container.decode(T.self, forKey: Key(stringValue: key))
    }

    func optionalInteger<T: FixedWidthInteger & Decodable>(_ key: String) throws -> T? {
      try container.decodeIfPresent(T.self, forKey: Key(stringValue: key))
    }

    func string(_ key: String) throws -> String {
      try container.decode(String.self, forKey: Key(stringValue: key))
    }

    func optionalString(_ key: String) throws -> String? {
      try container.decodeIfPresent(String.self, forKey: Key(stringValue: key))
    }

    func strings(_ key: String) throws -> [String] {
      try container.decode([String].self, forKey: Key(stringValue: key))
    }

    func bool(_ key: String) throws -> Bool {
      try container.decode(Bool.self, forKey: Key(stringValue: key))
    }

    func hex(_ key: String, default missing: UInt64? = nil) throws -> UInt64 {
      guard let text = try container.decodeIfPresent(String.self, forKey: Key(stringValue: key))
      else {
        guard let missing else { throw failure(key) }
        return missing
      }
      guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
        throw failure(key)
      }
      return value
    }

    /// What and how often, in turn.
    func pairs(_ key: String) throws -> [record_count] {
      let numbers = try container.decode([UInt32].self, forKey: Key(stringValue: key))
      guard numbers.count.isMultiple(of: 2) else { throw failure(key) }
      return stride(from: 0, to: numbers.count, by: 2).map {
        record_count(what: numbers[$0], count: numbers[$0 + 1])
      }
    }

    /// An object in the line; nil where it is null.
    func member(_ key: String) throws -> Members? {
      let key = Key(stringValue: key)
      guard container.contains(key), try !container.decodeNil(forKey: key) else { return nil }
      return Members(try container.nestedContainer(keyedBy: Key.self, forKey: key))
    }

    func words(_ key: String) throws -> [UInt64] {
      try container.decode([String].self, forKey: Key(stringValue: key)).map { text in
        guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
          throw failure(key)
        }
        return value
      }
    }

    func block() throws -> record_block {
      var block = record_block()
      block.request = try hex("request")
      CharArray.set(&block.disk, to: try string("disk"))
      block.queue = try integer("queue")
      block.tag = try integer("tag")
      block.operation = try integer("op")
      block.sector = try integer("sector")
      block.length = try integer("length")
      block.io_flags = try integer("io_flags")
      return block
    }

    func buffer() throws -> record_buffer {
      var buffer = record_buffer()
      buffer.index = try optionalInteger("index") ?? UInt32.max
      buffer.buffer = try hex("buffer")
      buffer.node = try hex("node")
      buffer.address = try hex("address")
      buffer.length = try integer("length")
      buffer.priv = try hex("priv")
      buffer.release = try hex("release")
      buffer.tag = try hex("tag")
      buffer.references = try integer("references")
      buffer.sharers = try integer("sharers")
      buffer.segments = try integer("segments")
      buffer.is_kernel = try bool("kernel") ? 1 : 0
      buffer.direction = try integer("direction")
      buffer.in_table = try bool("in_table") ? 1 : 0
      return buffer
    }

    func opcode() throws -> UInt8 {
      guard
        let name = try container.decodeIfPresent(String.self, forKey: Key(stringValue: "opcode"))
      else { return UInt8(RECORD_OPCODE_NONE) }
      guard let opcode = Opcode(name: name)?.rawValue else { throw failure("opcode") }
      return opcode
    }

    func setupFlags() throws -> UInt32 {
      let names = try container.decode([String].self, forKey: Key(stringValue: "flags"))
      guard let flags = SetupFlags(names: names) else { throw failure("flags") }
      return flags.rawValue
    }

    func sqe() throws -> SQE {
      var sqe = SQE()
      sqe.opcode = try opcode()
      let names = try container.decode([String].self, forKey: Key(stringValue: "sqe_flags"))
      guard let flags = SQEFlags(names: names) else { throw failure("sqe_flags") }
      sqe.flags = flags.rawValue
      sqe.ioprio = try integer("ioprio")
      sqe.fd = try optionalInteger("fixed_file") ?? integer("fd")
      sqe.off = UInt64(bitPattern: try integer("off"))
      sqe.addr = try hex("addr")
      sqe.len = try integer("len")
      sqe.op_flags = try integer("op_flags")
      sqe.user_data = try hex("user_data")
      sqe.buf_index = try optionalInteger("bgid") ?? integer("buf_index")
      sqe.personality = try integer("personality")
      sqe.file_index = try integer("file_index")
      sqe.addr3 = try hex("addr3")
      sqe.pad2 = try hex("pad2")
      return sqe
    }
  }
}
