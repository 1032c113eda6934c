/// The subject of a detail pane. Once it is no longer in the snapshot, its last value is kept.
struct LastSeen<Value: Sendable>: Sendable {
  /// Nil until it is seen for the first time.
  private(set) var value: Value?
  /// True if it was seen, and is not in the last snapshot.
  private(set) var isGone = false

  /// - Parameter found: the value in the snapshot; nil if it is not there.
  mutating func update(_ found: Value?) {
    isGone = found == nil && value != nil
    if let found { value = found }
  }
}
