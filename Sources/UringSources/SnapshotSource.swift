import UringTrace

/// A stream of snapshots: a live capture, or a recording that is played.
public protocol SnapshotSource: AnyObject, Sendable {
  /// The newest snapshot. Cheap: the source makes snapshots at its refresh interval.
  func current() -> Snapshot

  /// Outcomes of commands that can fail and problems of the capture itself (a dump was written, a disk
  /// is full), one line each, oldest first; reading empties the list.
  func takeNotices() -> [Notice]

  /// Calls `wake`, on any thread, after each change: a snapshot, a time line or a notice. It must not
  /// block. It replaces the previous function; nil removes it.
  func onChange(_ wake: (@Sendable () -> Void)?)

  /// Writes the trace to a file, as trace.jsonl. Never blocks; a notice reports the outcome.
  func dump(to path: String)

  /// Further commands of this source.
  var controls: SourceControls { get }
}

/// The commands that a source carries out.
public enum SourceControls: Sendable {
  case live(any LiveControls)
  case playback(any PlaybackControls)
}

/// A message that the user should read once.
public struct Notice: Sendable, Hashable {
  public var text: String
  public var isError: Bool

  public init(_ text: String, isError: Bool = false) {
    self.text = text
    self.isError = isError
  }
}
