import CRecord

/// The members of an event line that its kind has, under the names of the record's fields.
enum TraceFields {
  static func write(
    _ record: UnsafePointer<record>, flagNames: inout [String], to json: inout JSONWriter
  ) {
    let raw = UnsafeRawPointer(record)
    switch record.pointee.kind {
    case .create:
      let create = raw.load(as: record_create.self)
      json.field("fd", create.fd)
      json.field("tgid", create.tgid)
      json.field("sq_entries", create.sq_entries)
      json.field("cq_entries", create.cq_entries)
      json.field("flags", SetupFlags(rawValue: create.flags).names)
      json.field("sq_thread_tid", create.sq_thread_tid)
      json.field("comm", CharArray.string(create.comm))
    case .register:
      let register = raw.load(as: record_register.self)
      json.field("register_opcode", register.opcode)
      json.field("register_name", RegisterOpcode(rawValue: register.opcode).name)
      json.field("nr_files", register.nr_files)
      json.field("nr_bufs", register.nr_bufs)
      json.field("result", register.result)
      json.field("errno", JSONNames.errno(Int32(clamping: register.result)))
      json.field("tgid", register.tgid)
    case .fileGet:
      json.field("fd", raw.load(as: record_file_get.self).fd)
    case .submit:
      let submit = raw.load(as: record_submit.self)
      json.field("flags", JSONNames.requestFlags(submit.flags, flagNames))
      json.field("flag_bits", hex: submit.flags)
      json.field("tgid", submit.tgid)
      json.field("sq_thread", submit.sq_thread != 0)
      if submit.notif != 0 { json.field("notif", hex: submit.notif) }
      if submit.group_role != 0 { json.field("group_role", submit.group_role) }
      json.field("sqe_known", submit.sqe_is_known != 0)
      if submit.sqe_is_known != 0 { SQEFields.write(submit.sqe, to: &json) }
    case .queueAsyncWork:
      json.field("hashed", raw.load(as: record_queue_async_work.self).hashed != 0)
    case .pollArm:
      let poll = raw.load(as: record_poll_arm.self)
      json.field("mask", poll.mask)
      json.field("events", poll.events)
    case .taskAdd:
      json.field("mask", raw.load(as: record_task_add.self).mask)
    case .link:
      json.field("target", hex: raw.load(as: record_link.self).target)
    case .failLink:
      json.field("link", hex: raw.load(as: record_fail_link.self).link)
    case .complete:
      let complete = raw.load(as: record_complete.self)
      writeCQE(complete.res, complete.cflags, to: &json)
      if complete.extra1 != 0 || complete.extra2 != 0 {
        json.field("extra1", hex: complete.extra1)
        json.field("extra2", hex: complete.extra2)
      }
      if record.pointee.size >= MemoryLayout<record_complete_unseen>.size {
        json.field("submitted_ns", raw.load(as: record_complete_unseen.self).submitted_ns)
      }
    case .cqeOverflow:
      let overflow = raw.load(as: record_cqe_overflow.self)
      writeCQE(overflow.res, overflow.cflags, to: &json)
      json.field("dropped", overflow.dropped != 0)
    case .reqFailed:
      let failed = raw.load(as: record_req_failed.self)
      json.field("error", failed.error)
      json.field("errno", JSONNames.errno(failed.error))
      json.field("flags", JSONNames.requestFlags(failed.flags, flagNames))
      json.field("flag_bits", hex: failed.flags)
      json.field("tgid", failed.tgid)
      SQEFields.write(failed.sqe, to: &json)
    case .cqringWait:
      let wait = raw.load(as: record_cqring_wait.self)
      json.field("min_events", wait.min_events)
      json.field("tgid", wait.tgid)
    case .taskWorkRun:
      let run = raw.load(as: record_task_work_run.self)
      json.field("tctx", hex: run.tctx)
      json.field("count", run.count)
      json.field("loops", run.loops)
    case .localWorkRun:
      let run = raw.load(as: record_local_work_run.self)
      json.field("count", run.count)
      json.field("loops", run.loops)
    case .shortWrite:
      let short = raw.load(as: record_short_write.self)
      json.field("pos", Int64(bitPattern: short.pos))
      json.field("wanted", short.wanted)
      json.field("got", short.got)
    case .skip:
      let skip = raw.load(as: record_skip.self)
      json.field("res", skip.res)
      json.field("errno", JSONNames.errno(skip.res))
    case .ringFound:
      let found = raw.load(as: record_ring_found.self)
      json.field("tgid", found.tgid)
      json.field("sq_entries", found.sq_entries)
      json.field("cq_entries", found.cq_entries)
      json.field("flags", SetupFlags(rawValue: found.flags).names)
      json.field("sq_thread_tid", found.sq_thread_tid)
      json.field("nr_files", found.nr_files)
      json.field("nr_bufs", found.nr_bufs)
      json.field("comm", CharArray.string(found.comm))
    case .ringFd:
      let descriptor = raw.load(as: record_ring_fd.self)
      json.field("tgid", descriptor.tgid)
      json.field("fd", descriptor.fd)
    case .taskName:
      let task = raw.load(as: record_task_name.self)
      json.field("tgid", task.tgid)
      json.field("comm", CharArray.string(task.comm))
    case .fileName:
      let file = raw.load(as: record_file_name.self)
      json.field("tgid", file.tgid)
      json.field("fd", file.is_fixed == 0 ? file.fd : nil)
      json.field("fixed_file", file.is_fixed != 0 ? file.fd : nil)
      json.field("name", text(of: record))
    case .lost:
      let lost = raw.load(as: record_lost.self)
      json.field("count", lost.count)
      json.field("cause", literal: JSONNames.lossCause(lost.cause))
    case .flagName:
      let name = raw.load(as: record_flag_name.self)
      let text = CharArray.string(name.name)
      if name.bit < UInt32(flagNames.count) { flagNames[Int(name.bit)] = text }
      json.field("bit", name.bit)
      json.field("name", text)
    case .counts: writeCounts(raw.assumingMemoryBound(to: record_counts.self), to: &json)
    case .command:
      let command = raw.load(as: record_command.self)
      json.field("command", command.command)
      json.field(
        "command_name", GroupProviderTraits.command(command.command).map { "\($0.command.name)" })
      json.field("device", hex: command.device)
      json.field("ublk_flags", command.flags)
      json.key("block")
      if command.block.request == 0 { json.null() } else { write(command.block, to: &json) }
    case .fuseRequest:
      let request = raw.load(as: record_fuse_request.self)
      json.field("command", request.command)
      json.field("command_name", GroupProvider.fuse.commandName(request.command).map { "\($0)" })
      json.field("queue", request.queue)
      json.field("unique", hex: request.unique)
      json.field("node_id", hex: request.node)
      json.field("operation", request.operation)
      json.field("file_offset", request.offset)
      json.field("file_length", request.length)
      write(request.buffer, to: &json)
    case .bufferUse:
      write(raw.load(as: record_buffer_use.self).buffer, to: &json)
    case .bufferSlot:
      write(raw.load(as: record_buffer_slot.self).buffer, to: &json)
    case .bufferRelease:
      let release = raw.load(as: record_buffer_release.self)
      json.field("function", JSONNames.release(release.function))
      json.field("buffer", hex: release.buffer)
      json.field("node", hex: release.node)
      json.field("priv", hex: release.priv)
      json.field("release", hex: release.release)
      json.field("sharers", release.sharers)
    case .bufferTable:
      let table = raw.load(as: record_buffer_table.self)
      json.field("size", table.size)
      json.field("first", table.first)
      json.field("count", table.count)
      let isCall = table.register_opcode != UInt32.max
      json.field("register_opcode", isCall ? table.register_opcode : nil)
    case .registerArgument:
      let argument = raw.load(as: record_register_argument.self)
      json.field("register_opcode", argument.opcode)
      json.field("register_name", RegisterOpcode(rawValue: argument.opcode).name)
      json.field("nr_args", argument.nr_args)
      let words = argument.words
      json.field("words", array: [words.0, words.1, words.2, words.3]) { $0.hex($1) }
    case .blockRequest:
      json.key("block")
      write(raw.load(as: record_block_request.self).block, to: &json)
    case .groupBuffer:
      let group = raw.load(as: record_group_buffer.self)
      json.field("leader", hex: group.leader)
      json.field("acknowledge", hex: group.acknowledge)
      json.field("length", group.length)
      json.field("offset", group.offset)
      json.field("segments", group.segments)
      json.field("direction", group.direction)
    case .localBuffer:
      let local = raw.load(as: record_local_buffer.self)
      json.field("role", local.role)
      write(local.buffer, to: &json)
    case .symbol:
      let symbol = raw.load(as: record_symbol.self)
      json.field("address", hex: symbol.address)
      json.field("name", CharArray.string(symbol.name))
    case .providedTail:
      let tail = raw.load(as: record_provided_tail.self)
      json.field("bgid", tail.bgid)
      json.field("tail", tail.tail)
    case .ringDepth:
      let depth = raw.load(as: record_ring_depth.self)
      json.field("sq_pending", depth.sq_pending)
      json.field("cq_pending", depth.cq_pending)
      json.field("cq_overflowed", depth.is_overflowed != 0)
      json.field("waiters", depth.waiters)
      json.field("waiter_tid", depth.waiter_tid)
      json.field("waiter_tgid", depth.waiter_tgid)
      json.field("waiter_missing", depth.waiter_missing)
      json.field("waiter_asleep_ms", depth.waiter_asleep_ms)
      json.field("sq_thread", JSONNames.activity(depth.sq_thread))
      json.field("sq_thread_ms", depth.sq_thread_ms)
    case .ringBalance:
      let balance = raw.load(as: record_ring_balance.self)
      json.field("outstanding", balance.outstanding)
      json.field("method", literal: JSONNames.method(balance.method))
      json.field("reached", balance.reached)
    case .parked: writeParked(raw.load(as: record_parked.self), flagNames, to: &json)
    case .unsubmitted: SQEFields.write(raw.load(as: record_unsubmitted.self).sqe, to: &json)
    case .unreaped:
      let cqe = raw.load(as: record_unreaped.self)
      writeCQE(cqe.res, cqe.cflags, to: &json)
      json.field("overflowed", cqe.is_overflowed != 0)
    case .kernelStack:
      let stack = raw.load(as: record_kernel_stack.self)
      json.field("names_hidden", stack.are_hidden != 0)
      json.field("stack", text(behind: record, stack, length: stack.length))
    case .fileState:
      let state = raw.load(as: record_file_state.self)
      json.field("poll_events", state.poll_events)
      json.field("receive_bytes", state.receive_bytes < 0 ? nil : state.receive_bytes)
      json.field("send_bytes", state.send_bytes < 0 ? nil : state.send_bytes)
      json.field("text", text(behind: record, state, length: state.length))
    case .diskRequest:
      let disk = raw.load(as: record_disk_request.self)
      json.field("start_ns", disk.start_ns)
      json.field("issued_ns", disk.issued_ns)
      json.field("server_tgid", disk.server_tgid)
      json.field("with_server", disk.with_server != 0)
      json.key("block")
      if disk.block.request == 0 { json.null() } else { write(disk.block, to: &json) }
    case .registeredFile:
      let file = raw.load(as: record_registered_file.self)
      json.field("index", file.index)
      json.field("references", file.references < 0 ? nil : file.references)
      json.field("tag", hex: file.tag)
      json.field("inode", file.inode)
      json.field("mode", file.mode)
      json.field("can_read", file.can_read != 0)
      json.field("can_write", file.can_write != 0)
      json.field("file_system", file.file_system)
    case .providedGroup:
      let group = raw.load(as: record_provided_group.self)
      json.field("bgid", group.bgid)
      json.field("left", group.left)
      json.field("entries", group.entries)
    case .submitStack:
      let stack = raw.load(as: record_submit_stack.self)
      json.field("tgid", stack.tgid)
      json.field("stack", stack.stack)
    case .userStack:
      let stack = raw.load(as: record_user_stack.self)
      json.field("tgid", stack.tgid)
      json.field("stack", stack.stack)
      json.field("frames", text(behind: record, stack, length: stack.length))
    case .defer, .ringClosed, .freed, .end: break
    @unknown default: break
    }
  }

  /// What and how often, in turn.
  private static func write(
    _ key: StaticString, _ pairs: some Sequence<record_count>, to json: inout JSONWriter
  ) {
    json.field(key, array: pairs) { json, pair in
      json.value(pair.what)
      json.value(pair.count)
    }
  }

  private static func writeCounts(
    _ record: UnsafePointer<record_counts>, to json: inout JSONWriter
  ) {
    json.field("submitted", record.pointee.submitted)
    json.field("failed", record.pointee.failed)
    json.field("completed", record.pointee.completed)
    json.field("cqes", record.pointee.cqes)
    json.field("auxiliary", record.pointee.auxiliary)
    json.field("overflows", record.pointee.overflows)
    json.field("dropped", record.pointee.dropped)
    json.field("skipped", record.pointee.skipped)
    json.field("bytes", record.pointee.bytes)
    json.field("unmeasured", record.pointee.unmeasured)
    json.field("latency_sum", record.pointee.latency_sum)
    let pairs = record.pairs
    write("errors", pairs.errors, to: &json)
    write("latencies", pairs.latencies, to: &json)
  }

  /// A request that was found: its SQE's fields as far as the kernel had them, `known` says which.
  private static func writeParked(
    _ parked: record_parked, _ flagNames: [String], to json: inout JSONWriter
  ) {
    json.field("place", JSONNames.place(Place(parked.place)))
    json.field("since_ns", parked.since_ns)
    if parked.behind != 0 { json.field("behind", hex: parked.behind) }
    json.field("flags", JSONNames.requestFlags(parked.flags, flagNames))
    json.field("flag_bits", hex: parked.flags)
    json.field("known", array: knownNames(parked.known)) { $0.value($1) }
    json.field("fd", parked.fd)
    json.field("off", Int64(bitPattern: parked.off))
    json.field("addr", hex: parked.addr)
    json.field("len", parked.len)
    json.field("op_flags", parked.op_flags)
    json.field("buf_index", parked.buf_index)
    json.field("poll_events", parked.poll_events)
    if parked.expires_ns != 0 { json.field("expires_ns", parked.expires_ns) }
    json.field("tgid", parked.tgid)
    json.field("submitter_tid", parked.submitter_tid)
    json.field("ublk", parked.ublk)
  }

  /// Names of `RECORD_KNOWS_*`, by bit.
  static let knowledge = [
    "off", "addr", "len", "op_flags", "buf_index", "fd", "start", "multishot",
  ]

  private static func knownNames(_ known: UInt8) -> [String] {
    knowledge.indices.filter { known & 1 << UInt8($0) != 0 }.map { knowledge[$0] }
  }

  private static func write(_ block: record_block, to json: inout JSONWriter) {
    json.object { json in
      json.field("request", hex: block.request)
      json.field("disk", CharArray.string(block.disk))
      json.field("queue", block.queue)
      json.field("tag", block.tag)
      json.field("op", block.operation)
      json.field("sector", block.sector)
      json.field("length", block.length)
      json.field("io_flags", block.io_flags)
    }
  }

  private static func write(_ buffer: record_buffer, to json: inout JSONWriter) {
    json.field("index", buffer.index == UInt32.max ? nil : buffer.index)
    json.field("buffer", hex: buffer.buffer)
    json.field("node", hex: buffer.node)
    json.field("address", hex: buffer.address)
    json.field("length", buffer.length)
    json.field("priv", hex: buffer.priv)
    json.field("release", hex: buffer.release)
    json.field("tag", hex: buffer.tag)
    json.field("references", buffer.references)
    json.field("sharers", buffer.sharers)
    json.field("segments", buffer.segments)
    json.field("kernel", buffer.is_kernel != 0)
    json.field("direction", buffer.direction)
    json.field("in_table", buffer.in_table != 0)
  }

  /// The text that follows a file name's record.
  private static func text(of record: UnsafePointer<record>) -> String {
    let name = UnsafeRawPointer(record).load(as: record_file_name.self)
    return text(behind: record, name, length: name.length)
  }

  /// The text that follows a record.
  private static func text<Record>(
    behind record: UnsafePointer<record>, _: Record, length: UInt32
  ) -> String {
    let start = MemoryLayout<Record>.size
    let size = Int(record.pointee.size)
    guard size >= start else { return "" }
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + start, count: min(Int(length), size - start))
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func writeCQE(_ result: Int32, _ flags: UInt32, to json: inout JSONWriter) {
    json.field("res", result)
    json.field("errno", JSONNames.errno(result))
    json.field("cflags", flags)
    json.field("cqe_flags", CQEFlags(rawValue: flags).names)
    if let buffer = CQEFlags(rawValue: flags).bufferID { json.field("bid", buffer) }
  }
}
