import UringTrace

/// A line of the tree on a group's page, with its bar on the common time axis.
struct GroupRow: Sendable {
  enum Shape: Sendable {
    case none
    /// Number of members that run at each time.
    case load([(from: UInt64, to: UInt64)])
    case span(from: UInt64, to: UInt64, isOpen: Bool)
    case moment(UInt64, Character)
  }

  var id: UInt64
  /// Branches of the tree, drawn before the name.
  var branch = ""
  var name: Piece
  var request: Request.ID = 0
  var start: UInt64?
  /// Duration, nanoseconds.
  var took: UInt64?
  var moved = Piece("")
  var result = Piece("")
  var tid: UInt32 = 0
  var shape = Shape.none
  var style = Style.bar
  var axis: TimeAxis

  /// The row's shape, drawn on the time axis.
  func picture(width: Int) -> Piece {
    switch shape {
    case .none: Piece("")
    case .load(let spans): Piece(axis.load(spans, width: width), .label)
    case .span(let from, let to, let isOpen):
      Piece(axis.bar(from: from, to: to, isOpen: isOpen, width: width), style)
    case .moment(let time, let character): Piece(axis.mark(time, character, width: width), style)
    }
  }

  static let columns: [Column<GroupRow>] = [
    Column("WHO", width: 24, minimum: 18, priority: 0, growth: .toContent) { row, _ in
      Piece(row.branch + row.name.text, row.name.style)
    },
    Column("REQUEST", width: 8, minimum: 7, .right, priority: 5) { row, _ in
      Piece(row.request == 0 ? "" : "\(row.request)", .label)
    },
    Column("AT", width: 7, .right, priority: 4) { row, _ in
      guard let start = row.start else { return Piece("") }
      let origin = row.axis.origin
      let isBefore = start < origin
      let distance = isBefore ? origin - start : start - origin
      return Piece((isBefore ? "-" : "") + Humanise.duration(distance))
    },
    Column("TOOK", width: 7, minimum: 6, .right, priority: 1) { row, _ in
      Piece(row.took.map { Humanise.duration($0) } ?? "", .value)
    },
    Column("MOVED", width: 13, minimum: 6, .right, priority: 3) { row, _ in row.moved },
    Column("RESULT", width: 10, minimum: 7, priority: 2) { row, _ in row.result },
    Column(
      "THREAD", width: 16, minimum: 9, priority: 6,
      picture: { row, scene, width in Piece(scene.thread(row.tid).keepingNumber(width), .faint) }),
    Column(
      "TIME LINE", width: 24, minimum: 24, priority: 0, growth: .toRest,
      picture: { row, _, width in row.picture(width: width) }),
  ]
}
