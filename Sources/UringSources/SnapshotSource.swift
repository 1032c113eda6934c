import UringTrace

/// A source of snapshots: a live capture, or a recording that is played or followed.
public protocol SnapshotSource: AnyObject, Sendable {
  /// Returns the newest snapshot. Cheap, because the source makes snapshots at its refresh
  /// interval, not for each call.
  func current() -> Snapshot

  /// Returns the notices since the last call, oldest first, one line each: outcomes of commands (a
  /// dump was written) and problems of the capture itself (a disk is full).
  func takeNotices() -> [Notice]

  /// Sets a function that is called, on any thread, after each new snapshot, time line or notice.
  /// The function must not block. It replaces the previous one; nil removes it.
  func onChange(_ wake: (@Sendable () -> Void)?)

  /// Writes the recording, or the latest records of a live capture, to a file as trace.jsonl. Never
  /// blocks; a notice reports the outcome.
  func dump(to path: String)

  /// The further commands that this source supports.
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
