/// Commands of a recording that is played.
public protocol PlaybackControls: AnyObject, Sendable {
  /// The position in the recording.
  var timeline: Timeline { get }

  /// Carries a command out soon. Never blocks.
  func perform(_ command: PlaybackCommand)
}

public enum PlaybackCommand: Sendable, Hashable {
  case play
  case pause
  /// 1 is real time.
  case setSpeed(Double)
  /// One event forward or back.
  case stepForward
  case stepBack
  /// Nanoseconds from the recording's start.
  case seek(UInt64)
  /// The next completion with an error, link failure or overflow.
  case nextError
  /// The previous one.
  case previousError
}

/// The position in a recording.
public struct Timeline: Sendable, Hashable {
  /// Nanoseconds from the recording's first record.
  public var position: UInt64
  public var duration: UInt64
  /// Number of events before the position, and of all events.
  public var event: UInt64
  public var eventCount: UInt64
  public var isPlaying: Bool
  public var speed: Double
  /// True if the recording has no end record: it was cut off.
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
