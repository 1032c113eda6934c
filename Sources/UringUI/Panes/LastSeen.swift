/// The subject of a detail pane, such as a request. Once the subject is no longer in the snapshot,
/// the pane shows it as it was last seen.
struct LastSeen<Value: Sendable>: Sendable {
  /// The subject as last seen; nil until it is seen for the first time.
  private(set) var value: Value?
  /// True if the subject has been seen, but is not in the last snapshot.
  private(set) var isGone = false
  /// The last scene that had the subject.
  private var scene: Scene?

  /// - Parameter found: the subject in the scene; nil if it is not in the scene.
  mutating func update(_ found: Value?, in scene: Scene) {
    isGone = found == nil && value != nil
    guard let found else { return }
    value = found
    self.scene = scene
  }

  /// The scene to draw. If the subject is gone, it is the last scene with the subject, so that
  /// times on the page stop, and the notice shows how long ago that was. Otherwise it is the
  /// current scene, without a notice.
  func shown(in current: Scene) -> (scene: Scene, notice: [[Piece]]) {
    guard isGone, let scene else { return (current, []) }
    let ago = Humanise.duration(current.age(since: scene.now))
    let notice = Piece.fact(
      "Last seen",
      [Piece("\(ago) ago", .warning), Piece("  the values below are from that time", .faint)])
    return (scene, [notice])
  }
}
