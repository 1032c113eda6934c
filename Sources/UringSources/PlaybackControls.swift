/// The interface through which a user controls the playback of a recording.
public protocol PlaybackControls: AnyObject, Sendable {
  /// The position in the recording.
  var timeline: Timeline { get }

  /// Starts to carry out a command. Never blocks.
  func perform(_ command: PlaybackCommand)
}

public enum PlaybackCommand: Sendable, Hashable {
  case play
  case pause
  /// Sets the speed; 1 is real time.
  case setSpeed(Double)
  /// Moves forward by one event.
  case stepForward
  /// Moves back by one event.
  case stepBack
  /// Moves to a time, in nanoseconds from the recording's start.
  case seek(UInt64)
  /// Moves to the next error: a completion with an error, a link failure, a failed preparation or
  /// an overflow.
  case nextError
  /// Moves to the previous error.
  case previousError
}

/// The position in a recording.
public struct Timeline: Sendable, Hashable {
  /// Nanoseconds from the recording's first record.
  public var position: UInt64
  public var duration: UInt64
  /// Number of events before the position.
  public var event: UInt64
  /// Number of events in the recording.
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
