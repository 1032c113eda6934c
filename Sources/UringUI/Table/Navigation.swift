/// A move in a list or a text.
enum Navigation: Hashable, Sendable {
  case rows(Int)
  case pages(Int)
  case first
  case last
  /// Scrolls the view and the selection together, for the mouse wheel.
  case scroll(Int)
}
