/// A command that a key or a click gives.
enum Command: Hashable, Sendable {
  case help
  case search
  case filter
  case sortMenu
  /// Lists the pane's columns, to show and hide them.
  case columnMenu
  /// Groups the rows by the values of a field, and shows the totals of each value.
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
  /// Opens the counterpart of the chosen row: the group of a request or the request of a group, the
  /// borrowers of a buffer, the finding about a ring.
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
  /// Moves the position in a recording by this many nanoseconds.
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
