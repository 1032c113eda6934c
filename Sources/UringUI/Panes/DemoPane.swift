import UringTrace

/// The demonstration's target: device, throughput, and the phase of each tag.
struct DemoPane: Pane {
  private var status: DemoStatus?
  private var rates = DemoRates()
  private var text = ScrollingText()

  var name: String { "Demo" }

  func summary(_ scene: Scene) -> String {
    guard let status else { return "" }
    return [status.device ?? "", status.mode].filter { !$0.isEmpty }.joined(separator: " ")
  }

  mutating func update(_ scene: Scene) {
    guard let new = scene.demo else { return }
    rates.update(new)
    status = new
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let status else {
      canvas.put("starting…", x: rect.x + 1, y: rect.y, style: .faint)
      return
    }
    text.draw(lines(status, scene, width: rect.width - 1), into: &canvas, in: rect)
  }

  private func lines(_ status: DemoStatus, _ scene: Scene, width: Int) -> [[Piece]] {
    var lines: [[Piece]] = []
    if let failure = status.failure { lines.append([Piece(" " + failure + " ", .alarm)]) }
    lines.append(identity(status))
    lines += Self.flow(figures(status), width: width)
    for queue in status.queues { lines += tags(of: queue, scene, width: width) }
    if !status.queues.isEmpty {
      lines += [[]] + Self.flow([[Piece(" Tags", .label)]] + Self.legend(status), width: width)
    }
    if !status.load.isEmpty {
      lines += Self.flow(
        [[Piece(" Load", .titleFocused)]] + status.load.map(Self.count), width: width)
    }
    if !status.faults.isEmpty {
      lines += Self.flow(
        [[Piece(" Faults on purpose", .titleFocused)]] + status.faults.map(Self.count), width: width
      )
    }
    if rates.history.count > 1 {
      lines.append([
        Piece(" I/O/s ", .label), Piece(Bars.spark(Array(rates.history.suffix(width - 8))), .bar),
      ])
    }
    return lines
  }

  private func identity(_ status: DemoStatus) -> [Piece] {
    var pieces = [
      Piece(" \(status.device ?? status.target)", .strong), Piece("  \(status.mode)", .name),
    ]
    if !status.backing.isEmpty { pieces.append(Piece("  on \(status.backing.tail(40))")) }
    if status.size > 0 { pieces.append(Piece("  \(Humanise.exactBytes(status.size))")) }
    let age = status.time.since(status.startTime)
    return pieces + [Piece("  up \(Humanise.duration(age))", .faint)]
  }

  private func figures(_ status: DemoStatus) -> [[Piece]] {
    func item(_ name: String, _ value: String, _ style: Style = .value) -> [Piece] {
      [Piece(" \(name) ", .label), Piece(value, style)]
    }
    return [
      item("I/O/s", Humanise.rate(rates.ios)),
      item("Read", Humanise.bytesPerSecond(rates.readBytes)),
      item("Written", Humanise.bytesPerSecond(rates.writtenBytes)),
      item("Errors", Humanise.count(status.errors), status.errors > 0 ? .error : .value),
      item("I/Os", Humanise.count(status.ios), .normal),
      item("Members", Humanise.count(status.members), .normal),
      item("Groups", Humanise.count(status.groups), .normal),
    ]
  }

  private static func count(_ count: DemoStatus.Count) -> [Piece] {
    [
      Piece(" \(count.name) ", .label),
      Piece(Humanise.count(count.value), count.isError && count.value > 0 ? .error : .normal),
    ]
  }

  /// Places items one after another, as many per line as fit.
  private static func flow(_ items: [[Piece]], width: Int) -> [[Piece]] {
    var lines: [[Piece]] = [[]]
    var used = 0
    for item in items {
      let length = item.reduce(0) { $0 + $1.text.displayWidth } + 1
      if used > 0, used + length > width {
        lines.append([])
        used = 0
      }
      lines[lines.count - 1] += item + [Piece(" ")]
      used += length
    }
    return lines
  }

  // MARK: Tags

  private static let glyphs:
    [(phase: DemoStatus.Phase, glyph: String, style: Style, name: String)] = [
      (.idle, "·", .faint, "idle"), (.fetched, "○", .label, "fetched"),
      (.provided, "◆", .warning, "buffer provided"), (.running, "▶", .good, "members running"),
      (.committing, "◀", .strong, "committing"), (.held, "■", .error, "held on purpose"),
    ]

  /// The lines of a queue: one character per tag, with a gap after every eight.
  private func tags(of queue: DemoStatus.Queue, _ scene: Scene, width: Int) -> [[Piece]] {
    let busy = queue.tags.count { $0.rawValue > DemoStatus.Phase.fetched.rawValue }
    var title = [
      Piece(" Queue \(queue.number)", .titleFocused),
      Piece("  \(busy) of \(queue.tags.count) busy  \(Humanise.count(queue.ios)) I/Os"),
    ]
    if queue.errors > 0 { title.append(Piece("  \(queue.errors) errors", .error)) }
    if queue.tid != 0 { title.append(Piece("  " + scene.thread(queue.tid), .faint)) }
    let eights = max(1, (width - 3) / 9)
    var lines = [title]
    var first = 0
    while first < queue.tags.count {
      let row = queue.tags[first..<min(queue.tags.count, first + eights * 8)]
      var pieces = [Piece("   ")]
      for (position, phase) in row.enumerated() {
        if position > 0, position % 8 == 0 { pieces.append(Piece(" ")) }
        let look = Self.glyphs[Int(phase.rawValue)]
        pieces.append(Piece(look.glyph, look.style))
      }
      lines.append(pieces)
      first += eights * 8
    }
    return lines
  }

  /// The legend of the characters, with the number of tags in each phase.
  private static func legend(_ status: DemoStatus) -> [[Piece]] {
    glyphs.map { look in
      let count = status.queues.reduce(0) { $0 + $1.tags.count { $0 == look.phase } }
      return [
        Piece(" " + look.glyph, look.style), Piece(" \(look.name) "), Piece("\(count)", .value),
      ]
    }
  }
}
