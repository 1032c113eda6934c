import UringTrace

/// The lines of the detail pane.
struct RequestDetail {
  var request: Request
  var chain: Chain?
  var scene: Scene

  private var end: UInt64 {
    request.state.isFinal ? request.lastTime : max(scene.now, request.lastTime)
  }

  // MARK: Who and what

  /// A line of names and values.
  private func line(_ name: String, _ pieces: [Piece]) -> [Piece] {
    [Piece(" " + name.fitted(to: 11), .label)] + pieces
  }

  var identity: [[Piece]] {
    var lines: [[Piece]] = []
    var state = [
      Piece(Names.opcode(request.opcode), .name), Piece("  "), Names.state(request.state),
    ]
    if request.hasResult {
      state += [Piece("  result "), Names.result(request)]
      if request.result < 0 { state.append(Piece(" (\(request.result))", .faint)) }
    }
    if request.isEndDerived { state.append(Piece("  (end derived, not observed)", .warning)) }
    lines.append(line("Request", state))

    let took = end > request.startTime ? end - request.startTime : 0
    let bound = request.isStartKnown ? "" : "more than "
    lines.append(
      line(
        request.state.isFinal ? "Took" : "In flight",
        [Piece(bound + Humanise.duration(took), .value)]
          + (request.isStartKnown ? [] : [Piece("  its start was not seen", .faint)])))

    if let ring = scene.ring(request.ring) {
      lines.append(line("Ring", [Piece("\(ring.id)  \(scene.label(of: ring))")]))
    }
    if let file = request.file {
      let number = RequestColumns.number(of: file)
      let name = scene.snapshot.fileNames.name(of: request)
      lines.append(
        line("File", [Piece(number)] + (name.map { [Piece("  " + $0, .strong)] } ?? [])))
    }
    var submitter = [Piece(scene.thread(request.submitterTid))]
    if request.submitterTgid != 0, request.submitterTgid != request.submitterTid {
      submitter.append(Piece("  process \(request.submitterTgid)", .faint))
    }
    if request.isSubmittedBySQThread { submitter.append(Piece("  by SQPOLL", .label)) }
    lines.append(line("Submitter", submitter))
    lines.append(line("user_data", [Piece(Humanise.hex(request.userData))]))
    if request.cqeCount > 0 {
      var pieces = [Piece("\(request.cqeCount)")]
      let flags = Fields.cqeFlags(request)
      if !flags.isEmpty { pieces.append(Piece("  last with " + flags)) }
      if request.completerTid != 0 {
        pieces.append(Piece("  by " + scene.thread(request.completerTid), .faint))
      }
      lines.append(line("CQEs", pieces))
    }
    if request.preparationError != 0 {
      lines.append(line("Refused", [Names.result(request.preparationError, of: request.opcode)]))
    }
    if request.pollEvents != 0 {
      lines.append(line("Waits for", [Piece(Fields.pollEvents(request))]))
    }
    return lines
  }

  // MARK: Time line

  private static let nameWidth = 32

  /// One line for each step: since the step before, since the start, and by which thread. On wide
  /// terminals a bar shows where in the whole life the time until the next step lies.
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
      let since = step.time > previous ? step.time - previous : 0
      let total = step.time > request.startTime ? step.time - request.startTime : 0
      var pieces = [
        Piece(" ● ", .label),
        Piece(stepText(step, name.text).fitted(to: Self.nameWidth), name.style),
        Piece((index == 0 ? "" : "+" + Humanise.duration(since)).rightAligned(to: 8), .value),
        Piece(Humanise.duration(total).rightAligned(to: 9)),
        Piece("  " + scene.thread(step.tid).fitted(to: threadWidth), .faint),
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

  /// Head first, the others below it; this request and the one that broke the chain are marked.
  var chainTree: [[Piece]] {
    guard let chain, !chain.members.isEmpty else { return [] }
    var title = "\(chain.members.count) requests"
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
      pieces.append(Piece("  " + Humanise.hex(member.userData), .faint))
      lines.append(pieces)
    }
    return lines + [[]]
  }

  // MARK: SQE

  var fields: [[Piece]] {
    guard request.isSQEKnown else {
      return [heading("SQE"), [Piece(" not known: its submission was not seen", .faint)]]
    }
    let kernelFlags = request.flagNames(scene.snapshot.requestFlagNames).joined(separator: " ")
    var rows = request.sqeFields.map { ($0.name, $0.value) }
    if !kernelFlags.isEmpty { rows.append(("request flags", kernelFlags)) }
    return [heading("SQE")]
      + rows.map { name, value in [Piece("   " + name.fitted(to: 18), .label), Piece(value)] }
  }
}
