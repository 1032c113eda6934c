/// Where snapshots come from: live capture or a recording. What is drawn does not know which, except
/// that only a recording has a ``timeline``.
public protocol SnapshotSource: AnyObject, Sendable {
  /// The newest snapshot. Cheap: snapshots are made by the source at its refresh interval.
  func current() -> Snapshot

  /// Where a recording stands, nil live.
  var timeline: Timeline? { get }

  /// Carries a command out, soon. Never blocks.
  func perform(_ command: SourceCommand)

  /// What became of commands that can fail and of capture itself (a dump was written, a disk is
  /// full), one line each, oldest first; emptied by reading.
  func takeNotices() -> [Notice]
}

/// Something the user should read once.
public struct Notice: Sendable, Hashable {
  public var text: String
  public var isError: Bool

  public init(_ text: String, isError: Bool = false) {
    self.text = text
    self.isError = isError
  }
}

/// What a view can ask of its source.
public enum SourceCommand: Sendable, Hashable {
  case setRefreshInterval(Duration)
  /// Makes a snapshot at once.
  case refresh
  /// Looks through the kernel's own structures for what is in flight, and where.
  case inventory
  /// Looks closely at one request: where it is, what its worker does, what its file says.
  case inspect(Request.ID)
  /// Writes the trace held in memory to a file, as trace.jsonl.
  case dump(path: String)

  // Recordings only.
  case play
  case pause
  /// 1 is real time.
  case setSpeed(Double)
  /// One event on or back.
  case stepForward
  case stepBack
  /// Nanoseconds from the recording's start.
  case seek(UInt64)
  /// The next completion with an error, link failure or overflow.
  case nextError
}

/// Where a recording stands.
public struct Timeline: Sendable, Hashable {
  /// Nanoseconds from the recording's first record.
  public var position: UInt64
  public var duration: UInt64
  /// Events before the position, and all of them.
  public var event: UInt64
  public var eventCount: UInt64
  public var isPlaying: Bool
  public var speed: Double
  /// The recording has no end record: it was cut off.
  public var isCutOff: Bool

  public init(
    position: UInt64, duration: UInt64, event: UInt64, eventCount: UInt64, isPlaying: Bool,
    speed: Double, isCutOff: Bool
  ) {
    self.position = position
    self.duration = duration
    self.event = event
    self.eventCount = eventCount
    self.isPlaying = isPlaying
    self.speed = speed
    self.isCutOff = isCutOff
  }
}
