import UringFindings
import UringRecordings
import UringTrace

/// A snapshot as one JSON document. docs/json.md describes it.
public struct SnapshotDocument {
  /// Version of the document's layout.
  public static let schema: UInt32 = 2

  public var snapshot: Snapshot
  /// The requests that are listed; nil lists all. What findings and chains name is described in any case.
  public var lists: (@Sendable (Request) -> Bool)?
  /// The findings; nil leaves the member out.
  public var findings: [Finding]?
  /// Rules that could not be evaluated.
  public var notEvaluated: [UnevaluatedRule]
  /// Version of the uringtop that writes the document.
  public var toolVersion: String

  public init(
    _ snapshot: Snapshot, findings: [Finding]? = nil, notEvaluated: [UnevaluatedRule] = [],
    toolVersion: String
  ) {
    self.notEvaluated = notEvaluated
    self.snapshot = snapshot
    self.findings = findings
    self.toolVersion = toolVersion
  }

  private func listed(_ requests: [Request]) -> [Request] {
    lists.map { requests.filter($0) } ?? requests
  }

  /// The document, one terminated line.
  public func encoded() -> [UInt8] { encoded { _ in } }

  /// Writes the document with the caller's own members at the end.
  package func encoded(adding members: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      DocumentHeader.write(Self.schema, snapshot, toolVersion, to: &json)
      json.field("records", snapshot.recordCount)
      json.field("damaged_records", snapshot.damagedRecordCount)
      json.field("lost", snapshot.lost.total)
      json.field("lost_by_cause") { json in
        json.field("ring_buffer_full", snapshot.lost.ringBufferFull)
        json.field("output_stalled", snapshot.lost.outputStalled)
        json.field("not_run", snapshot.lost.notRun)
        json.field("uncounted", snapshot.lost.uncounted)
      }
      json.field("totals") { JSONNames.write(snapshot.totals, to: &$0) }
      json.field("not_listed", snapshot.notListed)
      json.field("last_second") { write(snapshot.lastSecond, to: &$0) }
      json.field("last_minute") { write(snapshot.lastMinute, to: &$0) }
      json.field("rings", array: snapshot.rings) { json, ring in
        json.object { write(ring, to: &$0) }
      }
      json.field("requests", array: listed(snapshot.requests)) { json, request in
        json.object { write(request, to: &$0) }
      }
      json.field("recent", array: listed(snapshot.recent)) { json, request in
        json.object { write(request, to: &$0) }
      }
      json.field("chains", array: snapshot.chains) { json, chain in
        json.object { write(chain, to: &$0) }
      }
      json.field("groups", array: snapshot.groups) { json, group in
        json.object { GroupFields.write(group, to: &$0) }
      }
      json.field("buffers", array: snapshot.buffers) { json, buffer in
        json.object { GroupFields.write(buffer, to: &$0) }
      }
      json.field("disk_requests", array: snapshot.diskRequests) { json, disk in
        json.object { write(disk, to: &$0) }
      }
      json.field("worker_pools", array: snapshot.workerPools) { json, pool in
        json.object { ThreadFields.write(pool, to: &$0) }
      }
      if snapshot.waits.time == 0 {
        json.field("waits", nil as UInt64?)
      } else {
        json.field("waits") { WaitFields.write(snapshot, to: &$0) }
      }
      CallFields.write(snapshot, to: &json)
      json.field("latency", array: snapshot.latency) { json, latency in
        json.object { write(latency, to: &$0) }
      }
      if let findings {
        json.field("findings", array: findings) { json, finding in
          json.object { FindingFields.write(finding, in: snapshot, to: &$0) }
        }
        json.field("not_evaluated", array: notEvaluated) { json, rule in
          json.object { FindingFields.write(rule, to: &$0) }
        }
      }
      members(&json)
    }
    json.newline()
    return json.bytes
  }

  private func write(_ rates: Rates, to json: inout JSONWriter) {
    json.field("submitted", rates.submitted)
    json.field("completed", rates.completed)
    json.field("errors", rates.errors)
    json.field("bytes_read", rates.bytesRead)
    json.field("bytes_written", rates.bytesWritten)
  }

  private func write(_ ring: Ring, to json: inout JSONWriter) {
    json.field("id", ring.id)
    json.field("address", hex: ring.address)
    json.field("pid", ring.ownerTgid == 0 ? nil : ring.ownerTgid)
    json.field("comm", ring.comm)
    json.field("fds", array: ring.descriptorNumbers) { $0.value($1) }
    json.field("holders", array: ring.descriptors) { json, descriptor in
      json.object { json in
        json.field("pid", descriptor.tgid)
        json.field("fd", descriptor.fd < 0 ? nil : descriptor.fd)
      }
    }
    json.field("sq_entries", ring.sqEntries)
    json.field("cq_entries", ring.cqEntries)
    json.field("flags", ring.setupFlags.names)
    json.field("sq_thread_tid", ring.sqThreadTid == 0 ? nil : ring.sqThreadTid)
    json.field("registered_files", ring.registeredFiles)
    json.field("registered_buffers", ring.registeredBuffers)
    json.field("first_seen_ns", ring.firstTime)
    json.field("closed_ns", ring.isClosed ? ring.closedTime : nil)
    json.field("found", ring.isFound)
    json.field("submitted", ring.counts.submitted)
    json.field("found_requests", ring.counts.found)
    json.field("completed", ring.counts.completed)
    json.field("in_flight", ring.inFlight)
    json.field("not_listed", ring.notListed)
    json.field("errors", ring.counts.errors)
    json.field("overflows", ring.counts.overflows)
    json.field("overflowed", ring.counts.overflowed)
    json.field("dropped", ring.counts.dropped)
    json.field("skipped", ring.counts.skipped)
    json.field("cqes", ring.counts.cqes)
    json.field("preparation_failures", ring.counts.preparationFailures)
    json.field("short_writes", ring.counts.shortWrites)
    json.field("punted", ring.counts.punted)
    json.field("punted_transfers", ring.counts.puntedTransfers)
    json.field("poll_armed", ring.counts.pollArmed)
    json.field("ended_unseen", ring.counts.endedUnseen)
    json.field("unmatched", ring.counts.unmatched)
    json.field("auxiliary", ring.counts.auxiliary)
    json.field("unmeasured", ring.counts.unmeasured)
    json.field("ambiguous", ring.counts.ambiguous)
    json.field("bytes_read", ring.counts.bytesRead)
    json.field("bytes_written", ring.counts.bytesWritten)
    json.field("waits", ring.counts.waits)
    json.field("last_wait_min_events", ring.lastWaitTime == 0 ? nil : ring.lastWaitMinEvents)
    json.field("last_wait_ns", ring.lastWaitTime == 0 ? nil : ring.lastWaitTime)
    writeInventory(of: ring, to: &json)
    json.field("last_second") { write(ring.lastSecond, to: &$0) }
    json.field("last_minute") { write(ring.lastMinute, to: &$0) }
    json.field("latency") { write(ring.latency, to: &$0) }
    json.field("errnos", array: ring.errnos) { json, error in
      json.object { json in
        json.field("errno", error.errno == 0 ? "other" : ErrorNumber(rawValue: error.errno).name)
        json.field("count", error.count)
      }
    }
  }

  /// Writes the properties of a ring that were read from the kernel's own structures.
  private func writeInventory(of ring: Ring, to json: inout JSONWriter) {
    json.field("sq_pending", ring.sqPending)
    json.field("cq_pending", ring.cqPending)
    json.field("cq_overflowed", ring.isOverflowed)
    json.field("sq_thread", ring.sqThread.map { JSONNames.activity($0) })
    json.field("sq_thread_cpu_ns", ring.sqThreadTime == 0 ? nil : ring.sqThreadTime)
    ThreadFields.writeSQThread(of: ring, to: &json)
    json.field("waiter", ring.waiter) { json, waiter in
      json.field("tid", waiter.tid)
      json.field("pid", waiter.tgid)
      json.field("waiters", waiter.count)
      json.field("missing", waiter.missing)
      json.field("min_events", waiter.minEvents)
      json.field("since_ns", waiter.since)
      json.field("asleep_since_ns", waiter.asleepSince)
      json.field("in_iowait", waiter.isInIOWait)
    }
    json.field("balance", ring.balance) { json, balance in
      json.field("time_ns", balance.time)
      json.field("method", literal: JSONNames.method(balance.method))
      let isKnown = balance.method != .unknown
      json.field("outstanding", isKnown ? balance.outstanding : nil)
      json.field("accounted", balance.accounted)
      json.field("unaccounted", isKnown ? balance.unaccounted : nil)
      json.field("reached", balance.reached)
    }
    writeFiles(of: ring, to: &json)
    QueueFields.write(ring, to: &json)
    CallFields.write(callsOf: ring, to: &json)
  }

  /// Writes the ring's registered files, with the requests that name them.
  private func writeFiles(of ring: Ring, to json: inout JSONWriter) {
    var users: [UInt32: [Request.ID]] = [:]
    if !ring.files.isEmpty {
      for request in snapshot.requests where request.ring == ring.id {
        if case .fixed(let index)? = request.file { users[index, default: []].append(request.id) }
      }
    }
    json.field("files", array: ring.files) { json, file in
      json.object { json in
        json.field("index", file.index)
        json.field("name", snapshot.fileNames.name(of: file, ring: ring.id))
        json.field("references", file.references)
        json.key("tag")
        if file.tag == 0 { json.null() } else { json.hex(file.tag) }
        json.field("requests", array: users[file.index] ?? []) { $0.value($1) }
      }
    }
  }

  private func write(_ request: Request, to json: inout JSONWriter) {
    json.field("id", request.id)
    json.field("ring", request.ring)
    json.field("user_data", request.userDataText)
    json.field("opcode", request.opcode.name)
    json.field("state", literal: JSONNames.state(request.state))
    json.field("age_ns", request.age(at: snapshot.time))
    json.field("start_ns", request.startTime)
    json.field("last_ns", request.lastTime)
    json.field("start_known", request.isStartKnown)
    json.field("end_derived", request.isEndDerived)
    json.field("suspect", request.isSuspect)
    json.field("address", hex: request.address)
    json.field("pid", request.submitterTgid == 0 ? nil : request.submitterTgid)
    json.field("tid", request.submitterTid == 0 ? nil : request.submitterTid)
    json.field("sq_thread", request.isSubmittedBySQThread)
    var descriptor: Int32?
    var fixed: UInt32?
    switch request.file {
    case .descriptor(let number)?: descriptor = number
    case .fixed(let index)?: fixed = index
    case nil: break
    }
    json.field("fd", descriptor)
    json.field("fixed_file", fixed)
    json.field("file", snapshot.fileNames.name(of: request))
    if let closing = snapshot.fileNames.closing(of: request) { json.field("file_closed", closing) }
    json.field("flags", request.flagNames(snapshot.requestFlagNames))
    json.field("sqe_known", request.isSQEKnown)
    if request.isSQEKnown {
      json.field("sqe_flags", SQEFlags(rawValue: request.sqe.flags).names)
      json.field("ioprio", request.sqe.ioprio)
      SQEFields.writeBody(request.sqe, to: &json)
    } else if !request.kernelKnowledge.isEmpty {
      writeKernelKnowledge(of: request, to: &json)
    }
    if let command = request.commandName { json.field("command_name", command) }
    json.field("place", request.state.isFinal ? nil : JSONNames.place(request.place))
    let isRunning = !request.state.isFinal && request.place == .workerRunning
    json.field("worker_tid", isRunning ? request.workerTid : nil)
    let stack = isRunning ? snapshot.kernelStacks[request.workerTid] : nil
    json.field("kernel_stack", array: stack?.frames ?? []) { $0.value($1) }
    json.field("file_state", request.state.isFinal ? nil : snapshot.fileStates[request.id]) {
      json, state in
      json.field("poll_events", state.pollEvents)
      json.field("receive_bytes", state.receiveBytes)
      json.field("send_bytes", state.sendBytes)
      json.field("text", state.text)
      json.field("time_ns", state.time)
    }
    json.field("waits_for", snapshot.cause(of: request)) { json, cause in
      json.field("kind", cause.kind.rawValue)
      json.field("request", cause.request)
      json.field("text", cause.text)
    }
    json.field("memory_change", snapshot.memoryChanges[request.id]) { json, change in
      ThreadFields.write(change, to: &json)
    }
    json.field("ublk_slot", request.state.isFinal ? nil : snapshot.ublkSlots[request.id]) {
      json, slot in
      json.field("queue", slot.queue)
      json.field("tag", slot.tag)
    }
    let frames = request.userStackKey.flatMap { snapshot.userStacks[$0] }
    json.field("user_stack", array: frames ?? []) { $0.value($1) }
    let isTimed = [.timeout, .linkTimeout].contains(request.place) && !request.state.isFinal
    json.field("expires_ns", isTimed && request.expiryTime != 0 ? request.expiryTime : nil)
    json.field("result", request.hasResult ? request.result : nil)
    json.field("errno", request.hasResult ? JSONNames.errno(request.result) : nil)
    json.field("cqe_flags", CQEFlags(rawValue: request.cqeFlags).names)
    json.field("bid", CQEFlags(rawValue: request.cqeFlags).bufferID)
    json.field("cqes", request.cqeCount)
    json.field("completer_tid", request.completerTid == 0 ? nil : request.completerTid)
    json.field("poll_events", request.pollEvents == 0 ? nil : request.pollEvents)
    json.field("preparation_errno", JSONNames.errno(request.preparationError))
    let isShort = request.steps.contains { $0.kind == .shortWrite }
    json.field("short_write_bytes", isShort ? request.shortWriteBytes : nil)
    json.field("chain", request.chain == 0 ? nil : request.chain)
    json.field("group", request.group == 0 ? nil : request.group)
    json.field("steps", array: request.steps) { json, step in
      json.object { json in
        json.field("step", literal: JSONNames.step(step.kind))
        json.field("time_ns", step.time)
        json.field("tid", step.tid)
      }
    }
    json.field("dropped_steps", request.droppedSteps)
  }

  /// Writes the SQE fields that the kernel still had.
  private func writeKernelKnowledge(of request: Request, to json: inout JSONWriter) {
    let sqe = request.sqe
    json.field("sqe_flags", SQEFlags(rawValue: sqe.flags).names)
    if request.knows(.off) {
      if request.opcode.properties.off?.name == "cmd_op" {
        json.field("cmd_op", UInt32(truncatingIfNeeded: sqe.off))
      } else {
        json.field("off", Int64(bitPattern: sqe.off))
      }
    }
    if request.knows(.addr) { json.field("addr", hex: sqe.addr) }
    if request.knows(.len) { json.field("len", sqe.len) }
    if request.knows(.opFlags) { json.field("op_flags", sqe.op_flags) }
    if request.knows(.buffer) {
      let isGroup = SQEFlags(rawValue: sqe.flags).contains(.bufferSelect)
      json.field("buf_index", isGroup ? nil : sqe.buf_index)
      json.field("bgid", isGroup ? sqe.buf_index : nil)
    }
  }

  private func write(_ disk: DiskRequest, to json: inout JSONWriter) {
    json.field("request", disk.request)
    json.field("disk", disk.block.device)
    json.field("queue", disk.block.queue)
    json.field("tag", disk.block.tag)
    json.field("op", disk.block.operationName)
    json.field("sector", disk.block.sector)
    json.field("length", disk.block.length)
    json.field("start_ns", disk.startTime == 0 ? nil : disk.startTime)
    json.field("driver_ns", disk.driverTime == 0 ? nil : disk.driverTime)
    let isUblk = disk.serverTgid != 0 || disk.isWithServer
    json.field("server_pid", disk.serverTgid == 0 ? nil : disk.serverTgid)
    json.field("with_server", isUblk ? disk.isWithServer : nil)
    json.field("time_ns", disk.time)
  }

  private func write(_ chain: Chain, to json: inout JSONWriter) {
    json.field("id", chain.id)
    json.field("ring", chain.ring)
    json.field("broken_by", chain.brokenBy == 0 ? nil : chain.brokenBy)
    json.field("members", array: chain.members) { json, member in
      json.object { json in
        json.field("request", member.request)
        json.field("opcode", member.opcode.name)
        json.field(
          "user_data", member.isUserDataKnown ? "0x" + String(member.userData, radix: 16) : nil)
        json.field("state", literal: JSONNames.state(member.state))
        json.field("result", member.result)
        json.field("errno", member.result.flatMap { JSONNames.errno($0) })
        json.field("cancelled", member.isCancelled)
      }
    }
  }

  private func write(_ latency: OpcodeLatency, to json: inout JSONWriter) {
    json.field("ring", latency.ring)
    json.field("opcode", latency.opcode.name)
    write(latency.summary, to: &json)
    json.field("stages") { json in
      json.field("held_ns", latency.stageTotals[Int(Stage.held.rawValue)])
      json.field("issued_ns", latency.stageTotals[Int(Stage.issued.rawValue)])
      json.field("poll_ns", latency.stageTotals[Int(Stage.poll.rawValue)])
      json.field("worker_ns", latency.stageTotals[Int(Stage.worker.rawValue)])
      json.field("task_work_ns", latency.stageTotals[Int(Stage.taskWork.rawValue)])
    }
    json.field("buckets", array: latency.buckets) { json, bucket in
      json.object { json in
        json.field("upper_ns", bucket.upperBound)
        json.field("count", bucket.count)
      }
    }
  }

  private func write(_ summary: LatencySummary, to json: inout JSONWriter) {
    json.field("count", summary.count)
    json.field("p50_ns", summary.p50)
    json.field("p90_ns", summary.p90)
    json.field("p99_ns", summary.p99)
    json.field("p999_ns", summary.p999)
    json.field("max_ns", summary.max)
    json.field("mean_ns", summary.mean)
  }
}
