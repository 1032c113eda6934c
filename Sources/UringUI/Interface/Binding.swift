/// A line of the key table. Key handling, the help and the function bar use the table.
struct Binding: Sendable {
  /// Conditions of a binding; all that are set must hold.
  struct Situation: OptionSet, Sendable {
    let rawValue: Int
    static let live = Situation(rawValue: 1)
    static let replay = Situation(rawValue: 2)
    /// The focused pane has rows to sort, search and filter.
    static let list = Situation(rawValue: 4)
    static let detail = Situation(rawValue: 8)
    /// Enter does something in the focused pane.
    static let opens = Situation(rawValue: 16)
    /// The rows of the focused pane have counterparts (``Command/cross``).
    static let crosses = Situation(rawValue: 32)
    /// The focused pane's row belongs to a ring.
    static let ring = Situation(rawValue: 64)
    /// The focused pane's row has fields.
    static let fields = Situation(rawValue: 128)
    /// The focused pane's counts can be reset.
    static let resets = Situation(rawValue: 256)
  }

  var keys: [Key]
  var command: Command
  var situation: Situation = []
  /// Label in the function bar; nil to leave it out.
  var label: String?
  /// Name of the key in the function bar; nil for the first key's own name.
  var keyName: String?
  /// Text in the help; empty to leave it out.
  var help: String
  /// True if the configuration file keeps the change that the command makes.
  var isKept: Bool

  init(
    _ keys: [Key], _ command: Command, in situation: Situation = [], label: String? = nil,
    keyName: String? = nil, _ help: String = "", isKept: Bool = false
  ) {
    self.keys = keys
    self.command = command
    self.situation = situation
    self.label = label
    self.keyName = keyName
    self.help = help
    self.isKept = isKept
  }

  /// Names of the keys for the help: "F3 /".
  var keyNames: String { keyName ?? keys.map(\.name).joined(separator: " ") }
}

extension Binding {
  /// All bindings. For a key, the first binding that has the key and applies to the situation is
  /// used.
  static let all: [Binding] = [
    Binding([.function(1), "?", "h"], .help, label: "Help", "this help"),
    Binding(
      [.escape], .back, in: .detail, label: "Back", "close the details, clear the filter"),
    Binding([.escape, .backspace], .back),
    Binding([" "], .playOrPause, in: .replay, label: "Play", "play or pause the recording"),
    Binding([",", .left], .stepBack, in: .replay, label: "Back", "one event back"),
    Binding([".", .right], .stepForward, in: .replay, label: "Step", "one event forward"),
    Binding(
      ["g"], .jump, in: .replay, label: "Jump",
      "jump to a time: 2.5s, 300ms, 1m30s, 14:05:09"),
    Binding(
      ["e"], .nextError, in: .replay, label: "Error",
      "jump to the next error, and choose its request"),
    Binding(["E"], .previousError, in: .replay, "jump to the previous error"),
    Binding(["{"], .skip(-1_000_000_000), in: .replay, "one second back"),
    Binding(["}"], .skip(1_000_000_000), in: .replay, "one second forward"),
    Binding(["("], .skip(-10_000_000_000), in: .replay, "ten seconds back"),
    Binding([")"], .skip(10_000_000_000), in: .replay, "ten seconds forward"),
    Binding(
      [.function(2), "C"], .columnMenu, in: .list, label: "Columns",
      "explain, show, hide and (F7, F8) move columns", isKept: true),
    Binding(
      [.function(3), "/"], .search, in: .list, label: "Search", "search in the pane; | means or"),
    Binding(
      [.function(4), "\\"], .filter, in: .list, label: "Filter",
      "show matching rows only: a word, or op:READ age>30ms"),
    Binding(
      [.function(5), "t"], .totals, in: .list, label: "Sum",
      "sum the rows by the values of a field; Enter shows the rows of a value"),
    Binding([.function(6), ">"], .sortMenu, in: .list, label: "Sort", "choose the sort column"),
    Binding(
      [.enter], .open, in: .opens, label: "Open",
      "open the request, group or buffer; requests of this ring"),
    Binding(
      ["G"], .cross, in: .crosses, label: "Group",
      "go to the counterpart: of a request, its group and back; of a buffer, its users; of a ring or a call, its finding"
    ),
    Binding(["i"], .ring, in: .ring, label: "Ring", "the page of the row's ring"),
    Binding(
      ["f"], .fields, in: .fields, label: "Fields", "all fields of the row, with their meanings"),
    Binding(
      ["z"], .reset, in: .resets, label: "Reset",
      "in Latency: count from now on"),
    Binding(["Z"], .endReset, in: .resets, "in Latency: count from the start again"),
    Binding([" "], .pause, in: .live, label: "Pause", "freeze the screen; capture continues"),
    Binding(["["], .slower, in: .replay, label: "Slower", "play at half the speed"),
    Binding(["]"], .faster, in: .replay, label: "Faster", "play at twice the speed"),
    Binding(["d"], .dump, label: "Dump", "write the trace to a JSON file"),
    Binding([.tab], .nextPane, label: "Pane", "next pane"),
    Binding([.backTab], .previousPane, "previous pane"),
    Binding(["r"], .inventory, in: .live, "ask the kernel again which requests are in flight"),
    Binding(["a"], .allRings, "requests of all rings"),
    Binding(["I"], .invert, in: .list, "invert the sort order"),
    Binding(["n"], .searchNext, in: .list, "next match"),
    Binding(["N"], .searchPrevious, in: .list, "previous match"),
    Binding(["+"], .longerInterval, in: .live, "refresh less often", isKept: true),
    Binding(["-"], .shorterInterval, in: .live, "refresh more often", isKept: true),
    Binding([.control("l")], .redraw, "redraw"),
    Binding([.up, "k"], .navigate(.rows(-1)), "up"),
    Binding([.down, "j"], .navigate(.rows(1)), "down"),
    Binding([.pageUp], .navigate(.pages(-1)), "one page up"),
    Binding([.pageDown], .navigate(.pages(1)), "one page down"),
    Binding([.home], .navigate(.first), "to the first row"),
    Binding([.end], .navigate(.last), "to the last row; in Events, follow"),
    Binding([.function(10), "q"], .quit, label: "Quit", "quit"),
  ]

  static func find(_ key: Key, in situation: Situation) -> Command? {
    all.first { $0.situation.isSubset(of: situation) && $0.keys.contains(key) }?.command
  }

  /// The explanation of a key that works only in the other mode, live or replay: which mode that
  /// is, and the key's effect there.
  static func explanation(of key: Key, in situation: Situation) -> String? {
    let other: Situation = situation.contains(.replay) ? .live : .replay
    guard
      let binding = all.first(where: {
        $0.situation.contains(other) && $0.keys.contains(key) && !$0.help.isEmpty
      })
    else { return nil }
    let place = other == .live ? "in a live capture" : "in a recording"
    return "\(key.name) works only \(place) (\(binding.help))"
  }
}

extension Key: ExpressibleByUnicodeScalarLiteral {
  init(unicodeScalarLiteral scalar: Unicode.Scalar) { self = .character(scalar) }

  static func control(_ letter: Unicode.Scalar) -> Key {
    .character(Unicode.Scalar(UInt8(letter.value & 0x1F)))
  }

  /// Name as printed on the key.
  var name: String {
    switch self {
    case .character(" "): "Space"
    case .character(let scalar) where scalar.value < 0x20:
      "^" + String(Character(Unicode.Scalar(UInt8(scalar.value | 0x40))))
    case .character(let scalar): String(Character(scalar))
    case .function(let number): "F\(number)"
    case .up: "↑"
    case .down: "↓"
    case .left: "←"
    case .right: "→"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .enter: "Enter"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .escape: "Esc"
    }
  }
}
