/// Texts of the tabs: the panes' numbers and names, as long as the room allows.
struct TabNames {
  private(set) var names: [String]
  /// True if adjacent tabs have one blank between them instead of two.
  private(set) var shareBlanks = false

  /// Columns beside the tabs for the number of rows, such as "11". The count may be cut off, but no
  /// name is left out for it.
  private static let count = 8
  /// Columns beside the tabs for "1 of 11" and the beginning of the filter. Names are shortened for
  /// them, but not left out.
  private static let filter = 24
  /// Fewest columns beside the tabs, for a count of one digit.
  private static let least = 4

  /// Shortens names, the least wanted first. If that is not enough, the tabs share blanks, and then
  /// names are left out.
  ///
  /// - Parameters:
  ///   - room: columns for the tabs and the text beside them.
  ///   - current: the pane that keeps its whole name; nil for none.
  init(of panes: [any Pane], room: Int, keeping current: Int?, hasFilter: Bool) {
    names = panes.enumerated().map { "\($0 + 1) \($1.name)" }
    let wanted = room - (hasFilter ? Self.filter : Self.count)
    for (name, short) in PaneCatalogue.shortNames where width > wanted {
      guard let index = panes.firstIndex(where: { $0.name == name }), index != current else {
        continue
      }
      names[index] = "\(index + 1) \(short)"
    }
    shareBlanks = width > room - Self.count
    for index in PaneCatalogue.namesLeftOut(of: panes)
    where width > room - Self.least && index != current {
      names[index] = "\(index + 1)"
    }
  }

  /// Columns that the tabs need: each has a blank on both sides.
  private var width: Int {
    names.reduce(0) { $0 + $1.displayWidth + 2 } - (shareBlanks ? names.count - 1 : 0)
  }
}
