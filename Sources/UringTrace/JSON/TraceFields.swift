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
    case .defer, .ringClosed, .freed, .end: break
    @unknown default: break
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
    json.field("errors", array: pairs.errors) { json, pair in
      json.value(pair.what)
      json.value(pair.count)
    }
    json.field("latencies", array: pairs.latencies) { json, pair in
      json.value(pair.what)
      json.value(pair.count)
    }
  }

  /// The text that follows a file name's record.
  private static func text(of record: UnsafePointer<record>) -> String {
    let start = MemoryLayout<record_file_name>.size
    let raw = UnsafeRawPointer(record)
    let length = Int(raw.load(as: record_file_name.self).length)
    let size = Int(record.pointee.size)
    guard size >= start else { return "" }
    let bytes = UnsafeRawBufferPointer(start: raw + start, count: min(length, size - start))
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
