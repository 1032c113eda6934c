import UringFields
import UringTrace

/// The help screen, made from the key table.
enum HelpText {
  /// The help of a column in the column menu.
  static func lines(of column: ColumnChoice, width: Int) -> [[Piece]] {
    func line(_ name: String, _ text: String) -> [[Piece]] {
      [Piece("  " + name.fitted(to: indent - 2), .value), Piece(text)]
        .wrapped(to: max(indent + 20, width), indent: indent)
    }
    var lines: [[Piece]] = [[Piece(" Column \(column.title)", .strong)], []]
    lines += line("Meaning", column.meaning)
    if let key = column.fieldKey { lines += line("In filters", "\(key)") }
    lines += line(
      "Now",
      !column.isShown
        ? "hidden"
        : column.hasRoom ? "shown" : "has no room: a wider terminal or fewer columns show it")
    lines += [[], [Piece(" Keys in the list of columns", .titleFocused)]]
    lines += line("Enter Space", "show or hide the column")
    lines += line("F7 F8", "move the column to the left or to the right")
    lines += line("Esc", "close the list")
    return lines
  }

  static func lines(panes: [String], keepsChanges: Bool, width: Int) -> [[Piece]] {
    func line(_ keys: String, _ help: String) -> [[Piece]] {
      help.wrapped(to: max(20, width - indent)).enumerated().map { index, part in
        [Piece("  " + (index == 0 ? keys : "").fitted(to: indent - 2), .value), Piece(part)]
      }
    }
    let sections: [(String, (Binding) -> Bool)] = [
      ("Lists and panes", { $0.situation.isDisjoint(with: [.live, .replay]) }),
      ("Live", { $0.situation.contains(.live) }),
      ("Replay", { $0.situation.contains(.replay) }),
    ]
    var lines: [[Piece]] = [[Piece(" uringtop: io_uring requests in flight", .strong)]]
    for (title, belongs) in sections {
      lines += [[], [Piece(" " + title, .titleFocused)]]
      for binding in Binding.all where belongs(binding) && !binding.help.isEmpty {
        let kept = binding.isKept && keepsChanges ? "; kept for the next start" : ""
        lines += line(binding.keyNames, binding.help + kept)
      }
      if title == "Lists and panes" {
        let names = panes.enumerated().map { "\($0 + 1) \($1)" }
        lines += line("1…\(names.count)", "pane: " + names.joined(separator: ", "))
        lines += line(
          "Mouse", "click selects, second click opens; column titles sort; wheel scrolls")
      }
    }
    lines += [[], [Piece(" States of requests", .titleFocused)]]
    for (state, meaning) in states { lines += line(state.name, meaning) }
    lines += line("…?", "records were lost since then: it may have ended")
    lines += line("…" + Names.derivedMark, "no event showed the end: it was derived")
    lines += [[], [Piece(" States of groups", .titleFocused)]]
    for (state, meaning) in groupStates { lines += line(state.name, meaning) }
    lines += line("…" + Names.derivedMark, "derived from other events, not observed")
    lines += [[], [Piece(" Marks", .titleFocused)]]
    lines += line("▲ ▼", "the column by which the rows are sorted, ascending or descending")
    lines += line("C W i", "the worst finding about the row: crit, warn or info")
    lines += line(">… ≥…", "at least this much: what came before was not seen")
    lines += line("…!", "in Calls, an unexpected failure; in CQ, the queue has overflowed")
    return lines
  }

  private static let groupStates: [(RequestGroup.State, String)] = [
    (.assembling, "the leader is in flight; there is no buffer yet"),
    (.provided, "the buffer exists and no request uses it"),
    (.borrowed, "members use the buffer"),
    (.membersDone, "all members are done; the owner does not have the buffer back"),
    (.givenBack, "the owner has the buffer back"),
    (.ended, "there was no buffer to give back, usually because the leader failed"),
    (.leaked, "the ring was destroyed and it was never given back"),
  ]

  /// Number of columns to the left of the explanations.
  private static let indent = 19

  private static let states: [(Request.State, String)] = [
    (.submitted, "taken by the kernel, and no event since"),
    (.deferred, "waits behind a drain"),
    (.linked, "waits behind another request of its chain"),
    (.issued, "on a disk, with a driver, or waiting without an event, as TIMEOUT does"),
    (.pollArmed, "waits for its file to become ready"),
    (.worker, "queued for or running in a worker thread"),
    (.taskWork, "woken; waits for its task to run"),
    (.awaitingNotification, "result posted; the network stack still holds the buffer"),
  ]
}
