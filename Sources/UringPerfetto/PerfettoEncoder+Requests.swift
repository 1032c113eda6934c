import UringRecordings
import UringTrace

/// Requests: a slice from the submission to the end, with a slice for each step.
extension PerfettoEncoder {
  /// The arrows (Perfetto flows) of one request, by the event to which they are attached.
  private struct Arrows {
    var atBegin: [PacketWriter.Flow] = []
    var atRelease: [PacketWriter.Flow] = []
    var atEnd: [PacketWriter.Flow] = []
  }

  /// The time from one step of a request to the next.
  private struct Stage {
    var name: String
    var start: UInt64
    /// Nil if the stage has not ended.
    var end: UInt64?
    var step: Step.Kind?
  }

  func write(_ departed: Departures.Departed) {
    let request = departed.request
    let start = request.startTime
    let end = request.state.isFinal ? max(request.lastTime, start) : nil
    let ring = tracks.ring(request.ring, &packets)
    let (lane, track) = tracks[ring].requests.claim(from: start, &packets)
    if let end { tracks[ring].requests.release(lane, at: end) }

    var arrows = Arrows()
    link(departed, end: end, &arrows)
    let membership = row(of: departed.group)
    if let membership, membership.role == .member {
      let flow = packets.newFlow()
      writeLoan(to: request, on: membership, flow: flow)
      arrows.atBegin.append(flow)
    }
    packets.beginSlice(name(of: request), on: track, at: start, .request, flows: arrows.atBegin) {
      self.describe(request, &$0)
    }
    let worker = writeStages(
      of: request, released: end == nil ? 0 : departed.releasedTime, until: end, on: track, arrows)
    if let worker { arrows.atEnd.append(worker) }
    guard let end else { return }
    var returned: PacketWriter.Flow?
    if membership != nil {
      let flow = packets.newFlow()
      returned = flow
      arrows.atEnd.append(flow)
    }
    packets.endSlice(on: track, at: end, flows: arrows.atEnd)
    if let membership, let returned {
      writeEnd(of: request, at: end, on: membership, flow: returned)
    }
  }

  /// The opcode, followed by the error if the request failed.
  private func name(of request: Request) -> String {
    guard request.hasResult, request.opcode.isError(request.result) else {
      return request.opcode.name
    }
    return "\(request.opcode.name) \(ErrorNumber.text(ofResult: request.result))"
  }

  private func describe(_ request: Request, _ details: inout PacketWriter.Details) {
    details.add(.request, request.id)
    if request.isUserDataKnown { details.add(.userData, address: request.userData) }
    if request.hasResult {
      details.add(.result, signed: request.result)
      if let error = ErrorNumber(result: request.result) { details.add(.errno, error.name) }
      let flags = CQEFlags(rawValue: request.cqeFlags).names
      if !flags.isEmpty { details.add(.cqeFlags, flags.joined(separator: "|")) }
    }
    if request.cqeCount != 1 { details.add(.cqes, request.cqeCount) }
    let flags = request.sqeFlags.names
    if !flags.isEmpty { details.add(.sqeFlags, flags.joined(separator: "|")) }
    if let name = aggregator.fileNames.description(of: request) { details.add(.file, name) }
    switch request.file {
    case .descriptor(let fd)?: details.add(.fd, signed: fd)
    case .fixed(let index)?: details.add(.fixedFile, index)
    case nil: break
    }
    if request.submitterTid != 0 {
      details.add(.pid, request.submitterTgid)
      details.add(.task, taskText(request.submitterTid))
    }
    if request.completerTid != 0 { details.add(.completerTid, request.completerTid) }
    if request.chain != 0 { details.add(.chain, request.chain) }
    if request.group != 0 { details.add(.group, request.group) }
    details.add(.state, "\(JSONNames.state(request.state))")
    if !request.isStartKnown { details.add(.startKnown, false) }
    if request.isEndDerived { details.add(.endDerived, true) }
    if request.isSuspect { details.add(.suspect, true) }
    if request.droppedSteps > 0 { details.add(.droppedSteps, UInt64(request.droppedSteps)) }
  }

  // MARK: Chains

  /// Adds the arrows from the previous and to the next request of the chain.
  private func link(_ departed: Departures.Departed, end: UInt64?, _ arrows: inout Arrows) {
    let id = departed.request.id
    if let previous = departed.previous,
      let flow = flow(Link(from: previous.request, to: id), isOpen: !previous.hasDeparted)
    {
      if departed.releasedTime != 0, end != nil {
        arrows.atRelease.append(flow)
      } else if end != nil {
        arrows.atEnd.append(flow)
      } else {
        arrows.atBegin.append(flow)
      }
    }
    if let next = departed.next,
      let flow = flow(Link(from: id, to: next.request), isOpen: !next.hasDeparted)
    {
      if end != nil { arrows.atEnd.append(flow) } else { arrows.atBegin.append(flow) }
    }
  }

  /// The arrow between two neighbours in a chain. The request that is written first creates the
  /// arrow, the other one completes it. Nil if the other request was written without the arrow.
  private func flow(_ link: Link, isOpen: Bool) -> PacketWriter.Flow? {
    if let flow = links.removeValue(forKey: link) { return flow }
    guard isOpen else { return nil }
    let flow = packets.newFlow()
    links[link] = flow
    return flow
  }

  // MARK: Steps

  /// Writes a slice for each step, and the work of an io-wq worker. Writes nothing if the
  /// submission is the only step.
  ///
  /// - Returns: the arrow from the worker's slice to the end of the request; nil if there is none.
  private func writeStages(
    of request: Request, released: UInt64, until end: UInt64?, on track: PacketWriter.Track,
    _ arrows: Arrows
  ) -> PacketWriter.Flow? {
    let stages = stages(of: request, released: released, until: end)
    guard stages.count > 1 || arrows.atRelease.count > 0 else { return nil }
    var (toWorker, fromWorker): (PacketWriter.Flow?, PacketWriter.Flow?)
    let work = work(on: request, until: end)
    for stage in stages {
      var flows = stage.step == nil ? arrows.atRelease : []
      if let work, toWorker == nil, stage.step?.isHandover == true {
        let flow = packets.newFlow()
        toWorker = flow
        flows.append(flow)
        packets.beginSlice(stage.name, on: track, at: stage.start, .step, flows: flows)
        fromWorker = write(work, on: request, from: flow, isEnded: end != nil)
      } else {
        packets.beginSlice(stage.name, on: track, at: stage.start, .step, flows: flows)
      }
      if let end = stage.end { packets.endSlice(on: track, at: end) }
    }
    return fromWorker
  }

  private func stages(of request: Request, released: UInt64, until end: UInt64?) -> [Stage] {
    var marks: [(time: UInt64, name: String, step: Step.Kind?)] = request.steps.map {
      (min(max($0.time, request.startTime), end ?? .max), "\(JSONNames.step($0.kind))", $0.kind)
    }
    // Drops the end of an ended request, which has no duration. The end is the last step, except
    // that `linkFailed` (the break of the request's chain) can follow.
    if end != nil, let last = marks.lastIndex(where: { $0.step != .linkFailed }) {
      marks.remove(at: last)
    }
    if released != 0 {
      let time = min(max(released, request.startTime), end ?? .max)
      marks.append((time, "released", nil))
    }
    // Steps recorded on different processors can be slightly out of order. The sort is stable.
    let order = marks.indices.sorted { (marks[$0].time, $0) < (marks[$1].time, $1) }
    return order.indices.map { position in
      let mark = marks[order[position]]
      let next = position + 1 < order.count ? marks[order[position + 1]].time : end
      return Stage(name: mark.name, start: mark.time, end: next, step: mark.step)
    }
  }

  // MARK: Workers

  /// The observed time that a worker thread spent on a request.
  private struct Work {
    var tid: UInt32
    var start: UInt64
    var end: UInt64
  }

  /// The work from the first to the last event of the request on an io-wq thread; nil if there is
  /// no such event.
  private func work(on request: Request, until end: UInt64?) -> Work? {
    let steps = request.steps
    guard let handover = steps.firstIndex(where: { $0.kind.isHandover }) else { return nil }
    var work: Work?
    for step in steps[(handover + 1)...] where step.time <= end ?? .max {
      guard isByWorker(step, request) else { continue }
      var seen = work ?? Work(tid: step.tid, start: step.time, end: step.time)
      if seen.tid == step.tid { seen.end = max(seen.end, step.time) }
      work = seen
    }
    return work
  }

  /// True if a step after the handover to io-wq was on an io-wq thread. The thread's name decides.
  /// If the name is unknown, a thread other than the submitter is a worker, because only these two
  /// execute a request. An exception is cancellation, which the kernel thread that closes the ring
  /// can also do.
  private func isByWorker(_ step: Step, _ request: Request) -> Bool {
    guard step.tid != 0, step.tid != request.submitterTid else { return false }
    if let name = aggregator.taskName(step.tid) { return name.hasPrefix("iou-wrk-") }
    switch step.kind {
    case .fileAssigned, .shortWrite, .pollArmed, .posted: return true
    case .completed, .overflowed: return request.result != -ErrorNumber.canceled.rawValue
    default: return false
    }
  }

  /// Writes the work on the worker's track.
  ///
  /// - Returns: the arrow to the request's end; nil if the request has not ended.
  private func write(
    _ work: Work, on request: Request, from flow: PacketWriter.Flow, isEnded: Bool
  ) -> PacketWriter.Flow? {
    let (track, free) = tracks.workers.thread(work.tid, taskText(work.tid), &packets)
    var flows = [flow]
    var next: PacketWriter.Flow?
    if isEnded {
      let flow = packets.newFlow()
      next = flow
      flows.append(flow)
    }
    func describe(_ details: inout PacketWriter.Details) { details.add(.request, request.id) }
    let name = request.opcode.name
    if work.start < work.end, work.start >= free {
      packets.beginSlice(name, on: track, at: work.start, .worker, flows: flows, describe)
      packets.endSlice(on: track, at: work.end)
      tracks.workers.note(end: work.end, of: work.tid)
    } else {
      packets.instant(name, on: track, at: work.end, .worker, flows: flows, describe)
    }
    return next
  }
}
