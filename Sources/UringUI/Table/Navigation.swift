/// A move in a list or a text.
enum Navigation: Hashable, Sendable {
  case rows(Int)
  case pages(Int)
  case first
  case last
  /// Moves what is shown along with the selection: the wheel.
  case scroll(Int)
}
