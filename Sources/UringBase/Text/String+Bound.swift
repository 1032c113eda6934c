extension String {
  /// The text with `>` before it if it shows a lower bound. An empty text, which stands for an
  /// absent value, stays empty.
  package func ofBound(_ isBound: Bool) -> String { isBound && !isEmpty ? ">" + self : self }
}
