/// A key of the keyboard, by its meaning.
enum Key: Hashable, Sendable {
  case character(Unicode.Scalar)
  case function(Int)
  case up, down, left, right
  case pageUp, pageDown, home, end
  case enter, tab, backTab, backspace, delete, escape
}

/// An input event from the terminal.
enum Input: Hashable, Sendable {
  case none
  case key(Key)
  case click(x: Int, y: Int)
  /// The mouse wheel. `rows` is negative towards the top.
  case wheel(x: Int, y: Int, rows: Int)
  /// The terminal's size has changed, or the program was stopped and continued.
  case redraw
  /// A signal asks the program to end.
  case signal(Int32)
  /// The terminal was closed.
  case hangUp
}
