/// A command of a key.
enum Command: Hashable, Sendable {
  case help
  case search
  case filter
  case sortMenu
  /// Lists the pane's columns, to show and hide them.
  case columnMenu
  /// Sums the rows by the values of a field: shows the totals of each.
  case totals
  case invert
  case searchNext
  case searchPrevious
  case pause
  case dump
  case inventory
  case longerInterval
  case shorterInterval
  case nextPane
  case previousPane
  case showPane(Int)
  case allRings
  case open
  /// Goes from a request to its group and back, from a buffer to its borrowers, from a ring to its finding.
  case cross
  case back
  case navigate(Navigation)
  case playOrPause
  case slower
  case faster
  case stepBack
  case stepForward
  case jump
  case nextError
  case previousError
  /// Moves by this many nanoseconds.
  case skip(Int64)
  /// Opens the page of the ring of the chosen row.
  case ring
  /// Lists all fields of the chosen row.
  case fields
  /// Counts latencies from now on.
  case reset
  /// Counts latencies from the start of the capture again.
  case endReset
  case redraw
  case quit
}
