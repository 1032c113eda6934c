import UringBase
import UringTrace

/// The lines on the page of a ring.
struct RingDetail {
  var ring: Ring
  var scene: Scene
  /// Width of the pane in columns.
  var width: Int

  /// Maximum number of entries of a list that are shown.
  private static let most = 8

  private func ago(_ time: UInt64) -> String { Humanise.duration(scene.age(since: time)) }

  /// The time from `time` to the last observation of the ring's queues.
  private func lasted(since time: UInt64) -> String {
    Humanise.duration(min(ring.lastLook, scene.now).since(time))
  }

  /// A note for a closed ring: the state of its queues is from the last look at them.
  private var lookNote: [Piece] {
    ring.isClosed ? [Piece("  at the last look before it was closed", .faint)] : []
  }

  var identity: [[Piece]] {
    var lines = [
      Piece.fact(
        "Ring",
        [
          Piece("\(ring.id)", .strong), Piece("  \(scene.label(of: ring))", .name),
          Piece(
            ring.isFound
              ? "  older than uringtop" : "  created \(ago(ring.firstTime)) ago", .faint),
        ] + (ring.isClosed ? [Piece("  closed \(ago(ring.closedTime)) ago", .warning)] : []))
    ]
    if ring.descriptors.count > 1 {
      let all = ring.descriptors.prefix(Self.most).map {
        "\(scene.thread($0.tgid)) \($0.fd < 0 ? "registered" : "fd \($0.fd)")"
      }
      lines.append(list("Held by", all, of: ring.descriptors.count))
    }
    if ring.submitterTid != 0 {
      lines.append(
        Piece.fact("Submitter", [Piece("only \(scene.thread(ring.submitterTid)) (SINGLE_ISSUER)")]))
    }
    return lines
  }

  var waiting: [[Piece]] {
    guard !ring.isClosed else { return [] }
    guard let waiter = ring.waiter else {
      return ring.firstLook == 0
        ? [] : [Piece.fact("Waits", [Piece("no thread waits for CQEs", .faint)])]
    }
    var pieces = [Piece(scene.thread(waiter.tid), .strong)]
    if waiter.count > 1 { pieces.append(Piece(" and \(waiter.count - 1) more")) }
    pieces.append(
      Piece(
        "  for " + (waiter.minEvents.map { Figures.count($0, "CQE") } ?? "CQEs")
          + ", \(waiter.missing) still missing"))
    if let since = waiter.since ?? waiter.asleepSince {
      let bound = waiter.since == nil ? "at least " : ""
      pieces.append(Piece("  for \(bound)\(ago(since))", .value))
    }
    return [Piece.fact("Waits", pieces)]
  }

  var queues: [[Piece]] {
    guard ring.firstLook != 0 else {
      let text = ring.isClosed ? "never looked at" : "not looked at yet"
      return [Piece.fact("Queues", [Piece(text, .faint)])]
    }
    var submission = [Piece("\(ring.sqPending) of \(ring.sqEntries) SQEs not taken by the kernel")]
    if ring.sqPendingSince != 0 {
      submission.append(Piece("  none taken for \(lasted(since: ring.sqPendingSince))", .warning))
    }
    var completion = [Piece("\(ring.cqPending) of \(ring.cqEntries) CQEs not taken by the program")]
    if ring.cqPendingSince != 0 {
      completion.append(Piece("  none taken for \(lasted(since: ring.cqPendingSince))", .warning))
    }
    if ring.isOverflowed { completion.append(Piece("  overflowed", .error)) }
    var lines = [Piece.fact("SQ", submission + lookNote)]
    if ring.sqPending > 0, !ring.stillUnsubmitted.isEmpty {
      let all = ring.stillUnsubmitted.prefix(Self.most).map {
        "\(Opcode(rawValue: $0.opcode).name) \(Humanise.hex($0.user_data))"
      }
      lines.append(list("", all, of: Int(ring.sqPending)))
    }
    lines.append(Piece.fact("CQ", completion + lookNote))
    if ring.cqPending > 0, !ring.stillUnreaped.isEmpty {
      let all = ring.stillUnreaped.prefix(Self.most).map {
        "\(Humanise.hex($0.userData)) → \($0.result < 0 ? Names.error($0.result) : "\($0.result)")"
      }
      lines.append(list("", all, of: max(Int(ring.cqPending), ring.stillUnreaped.count)))
    }
    if ring.sqThreadTid != 0 {
      var thread = [Piece(scene.thread(ring.sqThreadTid), .name)]
      switch ring.sqThread {
      case .polls?: thread.append(Piece("  polls"))
      case .sleeps?: thread.append(Piece("  sleeps until it is woken"))
      case nil: break
      }
      if ring.sqThreadTime != 0 {
        thread.append(Piece("  ran \(Humanise.duration(ring.sqThreadTime)) so far", .faint))
      }
      if let idle = ring.sqThreadSetup?.idle {
        thread.append(Piece("  sleeps after \(idle) ms without SQEs", .faint))
      }
      lines.append(Piece.fact("SQ thread", thread))
    }
    return lines
  }

  var requests: [[Piece]] {
    let counts = ring.counts
    var flight = [Piece("\(Humanise.grouped(UInt64(ring.inFlight)))", .value)]
    if let load = AverageLoad(in: scene.snapshot, on: ring.id), load.isFast {
      flight.append(Piece("  \(load.text)", .faint))
    }
    if ring.notListed > 0 {
      flight.append(
        Piece("  and \(Humanise.grouped(ring.notListed)) that cannot be listed", .warning))
    }
    if let balance = ring.balance, balance.method != .unknown {
      let text: String =
        switch balance.method {
        case .sequence: "  SQEs taken minus CQEs posted: \(balance.outstanding)"
        default: "  by the kernel's own counter \(balance.outstanding)"
        }
      flight.append(Piece("\(text), \(ago(balance.time)) ago", .faint))
    }
    let others: [(UInt64, String)] = [
      (counts.found, "older than uringtop"), (counts.overflowed, "overflowed"),
      (counts.skipped, "ended without a CQE (CQE_SKIP)"), (counts.endedUnseen, "ended unseen"),
      (counts.punted, "handed to io-wq"),
    ]
    let facts = [(counts.completed, "completed")] + others.filter { $0.0 > 0 }
    // A line can break between pieces: no piece begins with a comma.
    let done = [
      Piece("\(Humanise.grouped(counts.submitted)) submitted,", .value),
      Piece(
        " " + facts.map { "\(Humanise.grouped($0.0)) \($0.1)" }.joined(separator: ", ")),
    ]
    var lines = [Piece.fact("In flight", flight), Piece.fact("Requests", done)]
    if ring.latency.count > 0 {
      let latency = ring.latency
      lines.append(
        Piece.fact(
          "Latency",
          [
            Piece("p50 \(Humanise.duration(latency.p50))", .value),
            Piece("  p99 \(Humanise.duration(latency.p99))"),
            Piece("  p99.9 \(Humanise.duration(latency.p999))"),
            Piece("  max \(Humanise.duration(latency.max))"),
          ]))
    }
    return lines
  }

  var tables: [[Piece]] {
    var lines = [Piece.fact("Files", [Piece("\(ring.registeredFiles) registered")])]
    if !ring.files.isEmpty {
      let names = scene.snapshot.fileNames
      let all = ring.files.prefix(Self.most).map {
        "\($0.index) " + (names.name(of: $0, ring: ring.id) ?? "?")
          + ($0.references.map { $0 > 0 ? " (\($0) in use)" : "" } ?? "")
      }
      lines.append(list("", all, of: ring.files.count))
    }
    lines.append(Piece.fact("Buffers", [Piece("\(ring.registeredBuffers) registered")]))
    return lines
  }

  var errors: [[Piece]] {
    var lines: [[Piece]] = []
    if !ring.errnos.isEmpty {
      let all = ring.errnos.prefix(Self.most).map {
        "\(Humanise.grouped($0.count)) \(Names.errno($0.errno))"
      }
      lines.append(list("Errors", all, of: ring.errnos.count))
    }
    for failed in ring.failedRegistrations.suffix(3) {
      lines.append(
        Piece.fact(
          "Refused",
          [
            Piece(failed.opcode.name, .name), Piece("  " + Names.error(failed.result), .error),
            Piece("  \(ago(failed.time)) ago", .faint),
          ]))
    }
    return lines
  }

  /// The setup flags, each with its meaning.
  var flags: [[Piece]] {
    let names = ring.setupFlags.names
    var lines: [[Piece]] = [[], [Piece(" Setup", .titleFocused)]]
    if names.isEmpty { lines.append([Piece("  no flags", .faint)]) }
    for name in names {
      let meaning = SetupFlags.meaning(of: name) ?? ""
      for (index, part) in meaning.wrapped(to: max(20, width - 22)).enumerated() {
        lines.append([
          Piece("  " + (index == 0 ? name : "").fitted(to: 19), .value), Piece(part),
        ])
      }
      if meaning.isEmpty { lines.append([Piece("  " + name, .value)]) }
    }
    return lines
  }

  /// A line with as many entries as fit, and the number of the others.
  private func list(_ name: String, _ entries: [String], of total: Int) -> [Piece] {
    var (shown, room) = (0, width - 26)
    for entry in entries {
      room -= entry.displayWidth + 2
      guard room >= 0 || shown == 0 else { break }
      shown += 1
    }
    let rest = total - shown
    return Piece.fact(
      name,
      [Piece(entries.prefix(shown).joined(separator: ", "))]
        + (rest > 0 ? [Piece(" and \(Humanise.grouped(UInt64(rest))) more", .faint)] : []))
  }
}
