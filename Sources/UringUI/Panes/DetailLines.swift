/// The lines of a detail pane, and the actions of lines that can be chosen.
struct DetailLines {
  private(set) var lines: [[Piece]] = []
  private(set) var actions: [Int: PaneAction] = [:]
  /// Columns for facts: all but the last one, in which ``ScrollingText`` draws its arrows.
  private let width: Int

  /// - Parameter width: width of the pane in columns.
  init(width: Int) { self.width = width - 1 }

  /// Adds facts. Text that does not fit into its line continues on the next lines, below the value.
  mutating func add(_ facts: [[Piece]]) {
    for fact in facts { lines += fact.wrapped(to: width, indent: Piece.factIndent) }
  }

  /// Adds a fact whose first line can be chosen.
  mutating func add(_ fact: [Piece], _ action: PaneAction) {
    actions[lines.count] = action
    add([fact])
  }

  /// Adds lines of a table or picture, which are cut at the right edge.
  /// - Parameter actions: the actions of lines that can be chosen, by index in `table`.
  mutating func add(table: [[Piece]], _ actions: [Int: PaneAction] = [:]) {
    for (line, action) in actions { self.actions[lines.count + line] = action }
    lines += table
  }
}
