import UringBase
import UringRecordings
import UringTrace

/// Plays a recording: moves the position forward as the caller's clock advances.
final class Player {
  private var engine: ReplayEngine
  private let filter: Filter
  private(set) var isPlaying: Bool
  private(set) var speed = 1.0
  /// Nanoseconds between snapshots while playing.
  private let interval: UInt64
  /// The caller's clock at the last tick, in nanoseconds; nil before the first tick.
  private var lastTick: UInt64?

  static let speeds = 0.001...1000.0

  init(
    _ recording: Recording, filter: Filter, position: UInt64, isPlaying: Bool, interval: Duration
  ) {
    engine = ReplayEngine(recording)
    engine.advance(to: position)
    self.filter = filter
    self.isPlaying = isPlaying
    self.interval = Self.nanoseconds(interval)
  }

  var recording: Recording { engine.recording }

  /// Time of the caller's clock at which the next tick is due; nil while paused.
  var deadline: UInt64? {
    isPlaying ? (lastTick ?? MonotonicClock.now()) + interval : nil
  }

  func snapshot() -> Snapshot { filter.apply(to: engine.snapshot()) }

  var timeline: Timeline {
    Timeline(
      position: engine.position, duration: max(recording.duration, engine.position),
      event: engine.event, eventCount: max(recording.eventCount, engine.event),
      isPlaying: isPlaying, speed: speed,
      isCutOff: !recording.hasEnd)
  }

  /// Moves the position forward by the time since the last tick, multiplied by the speed.
  ///
  /// - Parameter now: the caller's clock: any monotonic clock, in nanoseconds.
  func tick(now: UInt64) {
    defer { lastTick = now }
    guard isPlaying, let lastTick, now > lastTick else { return }
    let elapsed = Double(now - lastTick) * speed
    // `since` is 0 if the file was cut, so that the recording now ends before the position.
    let rest = recording.duration.since(engine.position)
    engine.advance(to: engine.position + (elapsed < Double(rest) ? UInt64(elapsed) : rest))
    if engine.position >= recording.duration { isPlaying = false }
  }

  /// - Returns: a notice if the command could not be carried out.
  func perform(_ command: PlaybackCommand) -> Notice? {
    switch command {
    case .play:
      if engine.position >= recording.duration { engine.seek(to: 0) }
      isPlaying = true
    case .pause: isPlaying = false
    case .setSpeed(let speed):
      if speed.isFinite {
        self.speed = min(max(speed, Self.speeds.lowerBound), Self.speeds.upperBound)
      }
    case .stepForward:
      isPlaying = false
      if !engine.stepForward() { return Notice("the recording ends here") }
    case .stepBack:
      isPlaying = false
      if !engine.stepBack() { return Notice("the recording starts here") }
    case .seek(let position): engine.seek(to: position)
    case .nextError:
      isPlaying = false
      if !engine.seekNextError() { return Notice("no errors after this one") }
    case .previousError:
      isPlaying = false
      if !engine.seekPreviousError() { return Notice("no errors before this one") }
    }
    return nil
  }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    max(1_000_000, duration.wholeNanoseconds)
  }
}
