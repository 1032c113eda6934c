/// The subject of a detail pane. Once it is no longer in the snapshot, the pane shows it as it was last seen.
struct LastSeen<Value: Sendable>: Sendable {
  /// Nil until it is seen for the first time.
  private(set) var value: Value?
  /// True if it was seen, and is not in the last snapshot.
  private(set) var isGone = false
  /// The last scene that had the subject.
  private var scene: Scene?

  /// - Parameter found: the value in the scene; nil if it is not there.
  mutating func update(_ found: Value?, in scene: Scene) {
    isGone = found == nil && value != nil
    guard let found else { return }
    value = found
    self.scene = scene
  }

  /// The scene to draw: the current one or, if the subject is gone, the last that had it, so that its clocks stop. The
  /// notice says when that was; it is empty if the subject is in the snapshot.
  func shown(in current: Scene) -> (scene: Scene, notice: [[Piece]]) {
    guard isGone, let scene else { return (current, []) }
    let ago = Humanise.duration(current.age(since: scene.now))
    let notice = Piece.fact(
      "Last seen",
      [Piece("\(ago) ago", .warning), Piece("  the values below are from that time", .faint)])
    return (scene, [notice])
  }
}
