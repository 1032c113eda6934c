import UringBase
import UringFindings

/// The lines at the top: the subject of the observation, its method, and the most important figures.
struct HeaderView {
  var interface: Interface

  func draw(into canvas: inout Canvas, in rect: Rect) {
    guard rect.height > 0 else { return }
    let isNarrow = rect.width < 60
    if rect.height == 1 {
      // The one row has no room for the kernel and the title. If it is narrow, the time is left out
      // too.
      drawItems(
        findings + figures(isShort: true), state: state(isShort: isNarrow), into: &canvas, in: rect)
      return
    }
    var area = rect
    drawItems(
      identity, state: state(isShort: isNarrow), into: &canvas, in: area.takeTop(1))
    drawItems(figures(isShort: false), state: nil, into: &canvas, in: area)
  }

  /// A name and a value. If there is no room, items with a higher `priority` are left out first.
  private struct Item {
    var pieces: [Piece]
    var priority: Int

    init(_ pieces: [Piece], priority: Int) {
      self.pieces = pieces
      self.priority = priority
    }

    init(_ label: String, _ value: String, priority: Int, style: Style = .value) {
      self.init([Piece(label + " ", .label), Piece(value, style)], priority: priority)
    }

    var width: Int { pieces.reduce(0) { $0 + $1.text.displayWidth } }
  }

  private var identity: [Item] {
    var items = [Item([Piece("uringtop", .strong)], priority: 0)]
    guard let scene = interface.scene else { return items }
    let host = scene.snapshot.host
    items.append(Item([Piece(host.kernel)], priority: 2))
    items.append(Item([Piece(host.tier, .faint)], priority: 5))
    if !interface.options.title.isEmpty {
      items.append(Item([Piece(interface.options.title, .name)], priority: 4))
    }
    items += findings
    if !filter.isEmpty {
      items.append(Item([Piece("filter ", .label), Piece(filter, .warning)], priority: 1))
    }
    return items
  }

  /// The numbers of `crit` and `warn` findings, which are shown at every width.
  private var findings: [Item] {
    let severities: [Finding.Severity] = [.crit, .warn]
    let pieces = severities.compactMap { severity -> Piece? in
      let count = interface.scene?.findings.count { $0.finding.severity == severity } ?? 0
      return count == 0 ? nil : Piece("\(count) \(severity.name) ", severity.style)
    }
    return pieces.isEmpty ? [] : [Item(pieces, priority: 0)]
  }

  private var filter: String { interface.options.filterDescription }

  /// The pieces at the right end of the row: the mode, such as paused or live, and the time.
  private func state(isShort: Bool) -> [Piece] {
    guard let scene = interface.scene else { return [Piece("starting…", .faint)] }
    let clock = isShort ? "" : Clock.timeOfDay(scene.snapshot)
    let time = Piece(clock.isEmpty ? "" : "  " + clock)
    if let timeline = interface.timeline {
      let paused = isShort ? "PAUSED" : "REPLAY PAUSED"
      return [Piece(timeline.isPlaying ? "REPLAY" : paused, .warning), time]
    }
    if interface.isPaused { return [Piece("PAUSED", .alarm), time] }
    if interface.isOver { return [Piece("ENDED", .alarm), time] }
    return [
      Piece("LIVE", .good),
      Piece(
        isShort ? "" : " every \(Figures.wholeDuration(interface.interval.wholeNanoseconds))",
        .faint),
      time,
    ]
  }

  private func figures(isShort: Bool) -> [Item] {
    guard let snapshot = interface.scene?.snapshot else { return [] }
    let second = snapshot.lastSecond.ifMeasured
    let lost = snapshot.lost.total + snapshot.damagedRecordCount
    let unlisted = snapshot.notListed
    let inFlight =
      Humanise.count(UInt64(snapshot.requests.count))
      + (unlisted == 0 ? "" : " (+\(Humanise.count(unlisted))\(isShort ? "" : " not listed"))")
    var items = [
      Item(isShort ? "req/s" : "Requests/s", Humanise.rate(second?.submitted), priority: 1),
      Item(isShort ? "infl" : "In flight", inFlight, priority: 0),
    ]
    if !isShort {
      items.append(Item("Done/s", Humanise.rate(second?.completed), priority: 6))
      let open = snapshot.rings.count { !$0.isClosed }
      let note = open < snapshot.rings.count ? " open" : ""
      items.append(Item("Rings", "\(open)\(note)", priority: 7))
      items.append(
        Item(
          "Errors/s", Humanise.rate(second?.errors), priority: 4,
          style: second.map { $0.errors > 0 } ?? false ? .error : .value))
      items.append(
        Item("Read", Humanise.bytesPerSecond(second?.bytesRead), priority: 8))
      items.append(
        Item("Written", Humanise.bytesPerSecond(second?.bytesWritten), priority: 9))
    }
    items.append(
      Item(
        isShort ? "lost" : "Lost", Humanise.count(lost), priority: lost > 0 ? 0 : 2,
        style: lost > 0 ? .alarm : .value))
    if !isShort, interface.rateHistory.count > 1 {
      let history = Bars.spark(Array(interface.rateHistory.suffix(30)))
      items.append(Item([Piece(history, .bar)], priority: 10))
    }
    return items
  }

  /// Draws the items that fit, in their order, and `state` at the right end.
  private func drawItems(
    _ items: [Item], state: [Piece]?, into canvas: inout Canvas, in rect: Rect
  ) {
    let state = state ?? []
    let stateWidth = state.reduce(0) { $0 + $1.text.displayWidth }
    let gap = 2
    var kept = items
    func width() -> Int { kept.reduce(0) { $0 + $1.width + gap } + stateWidth + 2 }
    while width() > rect.width, kept.count > 1,
      let victim = kept.indices.max(by: { kept[$0].priority < kept[$1].priority })
    {
      kept.remove(at: victim)
    }
    var x = rect.x + 1
    let end = rect.right - stateWidth - 2
    for item in kept {
      for piece in item.pieces where x < end {
        x = canvas.put(piece.text, x: x, y: rect.y, style: piece.style, limit: end - x)
      }
      x += gap
    }
    x = rect.right - stateWidth - 1
    for piece in state { x = canvas.put(piece.text, x: x, y: rect.y, style: piece.style) }
  }
}
