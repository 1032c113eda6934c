/// The help screen, made from the key table.
enum HelpText {
  static func lines(panes: [String]) -> [[Piece]] {
    let sections: [(String, (Binding) -> Bool)] = [
      ("Lists and panes", { $0.situation.isDisjoint(with: [.live, .replay]) }),
      ("Live", { $0.situation.contains(.live) }),
      ("Replay", { $0.situation.contains(.replay) }),
    ]
    var lines: [[Piece]] = [[Piece(" uringtop: io_uring requests in flight", .strong)]]
    for (title, belongs) in sections {
      lines += [[], [Piece(" " + title, .titleFocused)]]
      for binding in Binding.all where belongs(binding) && !binding.help.isEmpty {
        lines.append(line(binding.keyNames, binding.help))
      }
      if title == "Lists and panes" {
        let names = panes.enumerated().map { "\($0 + 1) \($1)" }
        lines.append(line("1…\(names.count)", "pane: " + names.joined(separator: ", ")))
        lines.append(line("Mouse", "click selects, again opens; column titles sort; wheel scrolls"))
      }
    }
    lines += [[], [Piece(" States of requests", .titleFocused)]]
    for (state, meaning) in states { lines.append(line(state, meaning)) }
    lines += [[], [Piece(" States of groups", .titleFocused)]]
    for (state, meaning) in groupStates { lines.append(line(state, meaning)) }
    return lines
  }

  private static let groupStates: [(String, String)] = [
    ("assembling", "the leader is under way; there is no buffer yet"),
    ("provided", "the buffer is there and nobody uses it"),
    ("borrowed", "members use it"),
    ("members done", "nobody uses it; its owner has not got it back"),
    ("given back", "the function that gives it back was seen"),
    ("back, derived", "concluded from other events, not seen"),
    ("ended", "there was no buffer to give back: its leader failed"),
    ("leaked", "the ring is gone and it was never given back"),
  ]

  private static func line(_ keys: String, _ help: String) -> [Piece] {
    [Piece("  " + keys.fitted(to: 17), .value), Piece(help)]
  }

  private static let states: [(String, String)] = [
    ("submitted", "with the kernel: a disk, or parked without an event"),
    ("deferred", "behind a drain"),
    ("linked", "behind another request of its chain"),
    ("issued", "its file is assigned and it was issued"),
    ("poll-armed", "waits for its file to become ready"),
    ("io-wq", "with a worker thread, queued or running"),
    ("task work", "woken; waits for its task to run"),
    ("notif wait", "result posted; the network stack still holds the buffer"),
    ("…?", "records were lost since: it may have ended"),
  ]
}
