import UringBase
import UringTrace

/// The lines on the page of a request.
struct RequestDetail {
  var request: Request
  var chain: Chain?
  var scene: Scene
  /// Width of the pane in columns.
  var width = 80

  private var end: UInt64 {
    request.state.isFinal ? request.lastTime : max(scene.now, request.lastTime)
  }

  // MARK: Identity

  var identity: [[Piece]] {
    var lines: [[Piece]] = []
    var state = [
      Piece(Names.opcode(request.opcode), .name), Piece("  "), Names.state(request),
    ]
    if request.hasResult {
      state += [Piece("  result "), Names.result(request)]
      if request.result < 0 { state.append(Piece(" (\(request.result))", .faint)) }
    }
    if request.isEndDerived { state.append(Piece("  (end derived, not observed)", .warning)) }
    lines.append(Piece.fact("Request", state))

    let took = end.since(request.startTime)
    lines.append(
      Piece.fact(
        request.state.isFinal ? "Took" : "In flight",
        [Piece(request.boundOfAge + Humanise.duration(took), .value)]
          + (request.isStartKnown ? [] : [Piece("  start not observed", .faint)])))

    if let ring = scene.ring(request.ring) {
      lines.append(Piece.fact("Ring", [Piece("\(ring.id)  \(scene.label(of: ring))")]))
    }
    if let file = request.file {
      let number = RequestColumns.number(of: file)
      let name = scene.snapshot.fileNames.description(of: request)
      lines.append(
        Piece.fact(
          "File",
          [Piece(number)] + (name.map { [Piece("  " + $0, .strong)] } ?? []) + references(on: file))
      )
    }
    var submitter = [Piece(scene.thread(request.submitterTid))]
    if request.submitterTgid != 0, request.submitterTgid != request.submitterTid {
      submitter.append(Piece("  process \(request.submitterTgid)", .faint))
    }
    if request.isSubmittedBySQThread { submitter.append(Piece("  by SQPOLL", .label)) }
    lines.append(Piece.fact("Submitter", submitter))
    lines.append(
      Piece.fact(
        "user_data", [Piece(request.isUserDataKnown ? Humanise.hex(request.userData) : "not known")]
      ))
    if request.cqeCount > 0 {
      var pieces = [Piece("\(request.cqeCount)")]
      let flags = Fields.cqeFlags(request)
      if !flags.isEmpty { pieces.append(Piece("  last with " + flags)) }
      if request.completerTid != 0 {
        pieces.append(Piece("  by " + scene.thread(request.completerTid), .faint))
      }
      lines.append(Piece.fact("CQEs", pieces))
    }
    if request.preparationError != 0 {
      lines.append(
        Piece.fact("Refused", [Names.result(request.preparationError, of: request.opcode)]))
    }
    return lines + kernelView
  }

  /// Number of requests that hold a registered file, by the kernel's count.
  private func references(on file: FileReference) -> [Piece] {
    guard case .fixed(let index) = file,
      let entry = scene.ring(request.ring)?.files.first(where: { $0.index == index }),
      let count = entry.references
    else { return [] }
    return [Piece(count == 1 ? "  1 reference" : "  \(count) references", .faint)]
  }

  // MARK: The kernel's view

  /// The request's place in the kernel, what it waits for, and the state of its file and ring.
  private var kernelView: [[Piece]] {
    guard !request.state.isFinal else { return [] }
    var lines: [[Piece]] = []
    if request.place != .unknown {
      var pieces = [Piece(Names.place(request.place))]
      if request.place == .workerRunning {
        pieces = [Piece("executed by "), Piece(scene.thread(request.workerTid), .strong)]
      }
      if [.timeout, .linkTimeout].contains(request.place), request.expiryTime > scene.now {
        pieces.append(Piece("  fires in " + Humanise.duration(request.expiryTime - scene.now)))
      }
      lines.append(Piece.fact("Kernel", pieces))
    }
    if let cause = scene.snapshot.cause(of: request) {
      lines.append(Piece.fact("Waits for", [Piece(cause.text, .strong)]))
    }
    lines += waitTree
    if let state = scene.snapshot.fileStates[request.id] { lines.append(fileLine(state)) }
    for disk in scene.snapshot.diskRequests where disk.request == request.id {
      lines.append(diskLine(disk))
    }
    lines += servedLines
    if let thread = scene.ring(request.ring)?.sqThread { lines.append(sqThreadLine(thread)) }
    if let ring = scene.ring(request.ring), let waiter = ring.waiter {
      lines.append(waiterLine(waiter))
    }
    if let balance = scene.ring(request.ring)?.balance, balance.unaccounted > 0 {
      let rest = "\(balance.unaccounted) of \(balance.outstanding) requests cannot be listed"
      lines.append(
        Piece.fact("Ring", [Piece(rest + ": block layer, driver or network stack", .faint)]))
    }
    return lines
  }

  /// The line of a request that the block layer is processing.
  private func diskLine(_ disk: DiskRequest) -> [Piece] {
    let io = disk.block
    var pieces = [
      Piece("\(io.device) queue \(io.queue) tag \(io.tag)", .strong),
      Piece("  \(disk.operationText)"),
    ]
    if disk.startTime != 0 {
      pieces.append(Piece("  for " + Humanise.duration(scene.age(since: disk.startTime)), .value))
    }
    if disk.isWithServer { pieces.append(Piece("  not committed", .warning)) }
    return Piece.fact("Disk", pieces)
  }

  /// The lines of block requests that a ublk server is processing, if this request is a command of
  /// that server.
  private var servedLines: [[Piece]] {
    guard scene.snapshot.ublkSlots[request.id] != nil, request.submitterTgid != 0 else { return [] }
    return scene.snapshot.diskRequests
      .filter { $0.isWithServer && $0.serverTgid == request.submitterTgid }
      .prefix(4).map(diskLine)
  }

  /// The user stack of the submission.
  var userStack: [[Piece]] {
    guard let key = request.userStackKey else { return [] }
    var lines = [heading("User stack at submission")]
    let frames = scene.snapshot.userStacks[key] ?? []
    if frames.isEmpty { lines.append([Piece(" not known: the process was gone", .faint)]) }
    return lines + frames.map { [Piece("   " + $0)] } + [[]]
  }

  private func sqThreadLine(_ thread: Ring.SQThread) -> [Piece] {
    let tid = scene.ring(request.ring)?.sqThreadTid ?? 0
    return Piece.fact(
      "SQPOLL",
      [
        Piece(scene.thread(tid)),
        thread == .polls
          ? Piece(" looks for SQEs", .value)
          : Piece(" sleeps until io_uring_enter wakes it", .warning),
      ])
  }

  private func fileLine(_ state: FileState) -> [Piece] {
    let events = state.pollEvents == 0 ? "" : NamedBits.poll.text(state.pollEvents)
    var pieces = [Piece("reports "), Piece(events.isEmpty ? "nothing" : events, .value)]
    if let bytes = state.receiveBytes { pieces.append(Piece("  \(bytes) bytes to receive")) }
    if let bytes = state.sendBytes { pieces.append(Piece("  \(bytes) bytes to send")) }
    let name = scene.snapshot.fileNames.description(of: request) ?? ""
    let details = state.details(besides: name)
    if !details.isEmpty { pieces.append(Piece("  " + details, .strong)) }
    return Piece.fact("File state", pieces)
  }

  private func waiterLine(_ waiter: Ring.Waiter) -> [Piece] {
    var pieces = [
      Piece(scene.thread(waiter.tid)), Piece(" waits in io_uring_enter for "),
      Piece(waiter.missing == 1 ? "1 more CQE" : "\(waiter.missing) more CQEs", .value),
    ]
    if let since = waiter.since {
      pieces.append(Piece("  for " + Humanise.duration(scene.age(since: since))))
    } else if let since = waiter.asleepSince {
      pieces.append(Piece("  asleep for " + Humanise.duration(scene.age(since: since))))
    } else {
      pieces.append(Piece("  since before uringtop started", .faint))
    }
    if waiter.count > 1 { pieces.append(Piece("  and \(waiter.count - 1) more threads", .faint)) }
    return Piece.fact("Waiter", pieces)
  }

  /// The kernel stack of the io-wq worker that executes the request.
  var kernelStack: [[Piece]] {
    guard !request.state.isFinal, request.place == .workerRunning,
      let stack = scene.snapshot.kernelStacks[request.workerTid]
    else { return [] }
    var lines = [heading("Kernel stack of \(scene.thread(request.workerTid))")]
    if stack.areNamesHidden {
      lines.append([Piece(" names are hidden: kernel.kptr_restrict or no CAP_SYSLOG", .warning)])
    }
    if stack.frames.isEmpty { lines.append([Piece(" the thread is running", .faint)]) }
    return lines + stack.frames.map { [Piece("   " + $0)] } + [[]]
  }

  /// The line of the group that the request leads or is a member of; nil if there is none.
  var group: [Piece]? {
    guard request.group != 0 else { return nil }
    var pieces = [Piece("\(request.group)", .label)]
    if let group = scene.group(request.group) {
      let isLeader = group.leader.request == request.id
      pieces += [
        Piece(isLeader ? "  leader  " : "  member  "), Piece("\(group.provider.title)", .name),
        Piece("  \(Names.buffer(group.buffer))  "), Names.state(group),
      ]
      if !group.conditions.isEmpty {
        pieces.append(Piece("  " + Names.conditions(group.conditions), group.conditions.style))
      }
    }
    return Piece.fact("Group", pieces)
  }

  // MARK: Time line

  private static let nameWidth = 32

  /// One line per step: the time since the previous step, the time since the start, and the thread. On wide terminals
  /// a bar shows the time until the next step as a part of the request's whole life.
  func timeline(width: Int) -> [[Piece]] {
    let steps = request.steps
    let threadWidth = 18
    let barWidth = max(0, width - Self.nameWidth - threadWidth - 26)
    let hasBars = barWidth >= 12
    var lines: [[Piece]] = [
      heading("Time line")
        + [
          Piece(
            "STEP".rightAligned(to: Self.nameWidth - 3) + "TOTAL".rightAligned(to: 9) + "  THREAD",
            .faint)
        ]
    ]
    var previous = request.startTime
    for (index, step) in steps.enumerated() {
      if index == steps.count - 1, request.droppedSteps > 0 {
        lines.append([Piece(" ┄ \(request.droppedSteps) steps between were not kept", .faint)])
      }
      let name = Names.step(step.kind)
      let since = step.time.since(previous)
      let total = step.time.since(request.startTime)
      var pieces = [
        Piece(" ● ", .label),
        Piece(stepText(step, name.text).fitted(to: Self.nameWidth), name.style),
        Piece((index == 0 ? "" : "+" + Humanise.duration(since)).rightAligned(to: 8), .value),
        Piece(Humanise.duration(total).rightAligned(to: 9)),
        Piece("  " + scene.thread(step.tid).fitted(to: threadWidth) + "  ", .faint),
      ]
      if hasBars {
        let next = index + 1 < steps.count ? steps[index + 1].time : end
        pieces.append(bar(from: step.time, to: next, width: barWidth))
      }
      lines.append(pieces)
      previous = step.time
    }
    if !request.state.isFinal {
      let since = scene.age(since: previous)
      lines.append([
        Piece(" ○ ", .label), Piece("still in flight".fitted(to: Self.nameWidth), .faint),
        Piece(("+" + Humanise.duration(since)).rightAligned(to: 8), .value),
        Piece(Humanise.duration(scene.age(since: request.startTime)).rightAligned(to: 9)),
      ])
    }
    return lines + [[]]
  }

  private func stepText(_ step: Step, _ name: String) -> String {
    switch step.kind {
    case .shortWrite: "\(name): \(request.shortWriteBytes) bytes"
    case .pollArmed where request.pollEvents != 0:
      "\(name) for \(Fields.pollEvents(request))"
    default: name
    }
  }

  private func bar(from: UInt64, to: UInt64, width: Int) -> Piece {
    let whole = Double(max(1, end - min(end, request.startTime)))
    func column(_ time: UInt64) -> Int {
      let part = Double(time - min(time, request.startTime)) / whole
      return max(0, min(width - 1, Int(part * Double(width))))
    }
    let first = column(from)
    let length = max(1, column(max(from, to)) - first + (to >= end ? 1 : 0))
    let text =
      String(repeating: " ", count: first)
      + (to > from ? String(repeating: "█", count: length) : "▏")
    return Piece(text, .bar)
  }

  private func heading(_ text: String) -> [Piece] { [Piece(" " + text, .titleFocused)] }

  // MARK: Chain

  /// Chain members in the order of the lines of ``chainTree`` after its heading.
  var chainMembers: [Request.ID] { chain?.members.map(\.request) ?? [] }

  /// The lines of the chain: a heading, the first member, and the others below it. This request and
  /// the request that broke the chain are marked.
  var chainTree: [[Piece]] {
    guard let chain, !chain.members.isEmpty else { return [] }
    var title = Figures.count(chain.members.count, "request")
    if chain.brokenBy != 0 { title += ", broken by request \(chain.brokenBy)" }
    var lines = [heading("Chain \(chain.id)") + [Piece("  " + title, .faint)]]
    for (index, member) in chain.members.enumerated() {
      let isLast = index == chain.members.count - 1
      let branch = index == 0 ? " " : isLast ? "   └─ " : "   ├─ "
      let isThis = member.request == request.id
      var pieces = [
        Piece(branch, .faint),
        Piece(isThis ? "▶ " : member.state.isFinal ? "● " : "○ ", isThis ? .strong : .label),
        Piece(
          Names.opcode(member.opcode).fitted(to: index == 0 ? 21 : 16), isThis ? .strong : .name),
        Piece("\(member.request)".rightAligned(to: 7), .label), Piece("  "),
        Piece(Names.state(member.state).text.fitted(to: 11), Names.state(member.state).style),
      ]
      if let result = member.result { pieces.append(Names.result(result, of: member.opcode)) }
      if member.request == chain.brokenBy { pieces.append(Piece("  ◀ broke the chain", .error)) }
      if member.isCancelled { pieces.append(Piece("  cancelled", .warning)) }
      pieces.append(
        Piece("  " + (member.isUserDataKnown ? Humanise.hex(member.userData) : "?"), .faint))
      lines.append(pieces)
    }
    return lines + [[]]
  }

  // MARK: SQE

  /// SQE fields that the kernel still holds, for a request submitted before uringtop started.
  private var kernelFields: [[Piece]] {
    guard !request.kernelKnowledge.isEmpty else {
      return [heading("SQE"), [Piece(" not known: its submission was not seen", .faint)]]
    }
    let properties = request.opcode.properties
    var rows: [(String, String)] = [("opcode", request.opcode.name)]
    func add(
      _ knowledge: SQEKnowledge, _ field: OpcodeProperties.Field?, _ value: UInt64,
      signed: Int64? = nil, else name: String
    ) {
      guard request.knows(knowledge) else { return }
      rows.append((field?.name ?? name, field?.text(value, signed: signed) ?? Humanise.hex(value)))
    }
    let sqe = request.sqe
    add(.off, properties.off, sqe.off, else: "off")
    add(.addr, properties.addr, sqe.addr, else: "addr")
    add(
      .len, properties.len, UInt64(sqe.len), signed: Int64(Int32(bitPattern: sqe.len)), else: "len")
    add(.opFlags, properties.flags, UInt64(sqe.op_flags), else: "op_flags")
    let flags = request.flagNames(scene.snapshot.requestFlagNames).joined(separator: " ")
    if !flags.isEmpty { rows.append(("request flags", flags)) }
    return [heading("SQE"), [Piece(" fields that the kernel still has", .faint)]]
      + rows.map { name, value in [Piece("   " + name.fitted(to: 18), .label), Piece(value)] }
  }

  var fields: [[Piece]] {
    guard request.isSQEKnown else { return kernelFields }
    let kernelFlags = request.flagNames(scene.snapshot.requestFlagNames).joined(separator: " ")
    var rows = request.sqeFields.map { ($0.name, $0.value) }
    if !kernelFlags.isEmpty { rows.append(("request flags", kernelFlags)) }
    return [heading("SQE")]
      + rows.map { name, value in [Piece("   " + name.fitted(to: 18), .label), Piece(value)] }
  }
}
