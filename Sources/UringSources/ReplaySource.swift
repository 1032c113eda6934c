import CRecord
import UringBase
import UringRecordings
import UringTrace

/// A source of snapshots from a recording that is played on a thread of its own.
public final class ReplaySource: SnapshotSource, PlaybackControls {
  private struct State {
    var tasks: [Task] = []
    var snapshot: Snapshot
    var timeline: Timeline
    var notices: [Notice] = []
    var wake: (@Sendable () -> Void)?
    var isStopping = false
    /// Number of dumps that are being written.
    var dumps = 0
  }

  /// Work for the player thread.
  private enum Task {
    case command(PlaybackCommand)
    case dump(path: String)
  }

  private let state: Monitor<State>
  private let thread: WorkerThread

  /// Starts to play a recording, unless `isPlaying` is false.
  ///
  /// - Parameters:
  ///   - position: nanoseconds from the recording's start at which playback begins.
  ///   - dump: writes the recording to a path as trace.jsonl; returns a notice of the outcome.
  public init(
    _ recording: Recording, filter: Filter = Filter(), position: UInt64 = 0,
    isPlaying: Bool = true, refreshInterval: Duration = .milliseconds(200),
    dump: @escaping @Sendable (Recording, String) -> Notice
  ) throws(ThreadError) {
    let player = Player(
      recording, filter: filter, position: position, isPlaying: isPlaying, interval: refreshInterval
    )
    var first = State(snapshot: player.snapshot(), timeline: player.timeline)
    let damage = recording.damage
    if let flaw = recording.flaw, damage == nil {
      first.notices = [Notice("\(flaw)", isError: true)]
    }
    first.notices += [damage].compactMap { $0.map(Notice.init) }
    let monitor = Monitor(first)
    state = monitor
    let box = PlayerBox(player)
    thread = try WorkerThread("player", orThrow: ThreadError.init) {
      Self.run(monitor, box.player, shown: damage, dump)
    }
  }

  deinit {
    stop()
  }

  /// Ends the player thread. Waits at most ten seconds for dumps, because a dump to a pipe may
  /// never end.
  public func stop() {
    state.change { $0.isStopping = true }
    thread.join()
    let deadline = MonotonicClock.now() + 10_000_000_000
    state.wait(until: deadline, for: { $0.dumps == 0 }, then: { _ in })
  }

  public func current() -> Snapshot { state.withLock { $0.snapshot } }

  public var controls: SourceControls { .playback(self) }

  public var timeline: Timeline { state.withLock { $0.timeline } }

  public func perform(_ command: PlaybackCommand) {
    state.change { $0.tasks.append(.command(command)) }
  }

  public func dump(to path: String) { state.change { $0.tasks.append(.dump(path: path)) } }

  public func onChange(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }

  public func takeNotices() -> [Notice] {
    state.withLock { state in
      defer { state.notices = [] }
      return state.notices
    }
  }

  private static func run(
    _ monitor: Monitor<State>, _ player: Player, shown: Recording.Damage?,
    _ dump: @escaping @Sendable (Recording, String) -> Notice
  ) {
    var isStopping = false
    var shown = shown
    while !isStopping {
      let deadline = player.deadline
      let tasks: [Task]
      (tasks, isStopping) = monitor.wait(
        until: deadline,
        for: { !$0.tasks.isEmpty || $0.isStopping },
        then: { state in
          defer { state.tasks = [] }
          return (state.tasks, state.isStopping)
        })
      var notices: [Notice] = []
      player.tick(now: MonotonicClock.now())
      for task in tasks {
        switch task {
        case .command(let command):
          if let notice = player.perform(command) { notices.append(notice) }
        case .dump(let path):
          if let notice = Self.dump(player.recording, to: path, monitor, dump) {
            notices.append(notice)
          }
        }
      }
      let snapshot = player.snapshot()
      let timeline = player.timeline
      let damage = player.recording.damage
      if let damage, damage != shown { notices.append(Notice(damage)) }
      shown = damage
      let wake = monitor.change { state in
        state.snapshot = snapshot
        state.timeline = timeline
        state.notices += notices
        return state.wake
      }
      wake?()
    }
  }

  /// Writes the recording on a separate thread, because a pipe without a reader must not stop the
  /// player thread.
  private static func dump(
    _ recording: Recording, to path: String, _ monitor: Monitor<State>,
    _ dump: @escaping @Sendable (Recording, String) -> Notice
  ) -> Notice? {
    monitor.change { $0.dumps += 1 }
    do throws(ThreadError) {
      try WorkerThread("dump", orThrow: ThreadError.init) {
        let notice = dump(recording, path)
        let wake = monitor.change { state in
          state.dumps -= 1
          state.notices.append(notice)
          return state.wake
        }
        wake?()
      }.detach()
      return nil
    } catch {
      monitor.change { $0.dumps -= 1 }
      return Notice("\(error)", isError: true)
    }
  }

  /// Passes a player to the player thread. `init` creates the player, then only that thread uses
  /// it.
  private final class PlayerBox: @unchecked Sendable {
    let player: Player

    init(_ player: Player) { self.player = player }
  }
}

extension Notice {
  /// A notice that the rest of the recording cannot be used: the file has changed while it was
  /// played, or too many requests are in flight at once.
  fileprivate init(_ damage: Recording.Damage) {
    if damage.flaw == .crowded {
      self.init("\(damage.flaw)", isError: true)
      return
    }
    let rest = damage.lastTime.map {
      "the part after \(Figures.duration($0)) can no longer be read, the part before it stays"
    }
    self.init("\(damage.flaw): \(rest ?? "the recording can no longer be read")", isError: true)
  }
}
