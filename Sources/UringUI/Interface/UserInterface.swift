import Synchronization
import UringBase
import UringSources

/// The curses UI over any source of snapshots.
public enum UserInterface {
  /// Why the UI ended.
  public enum Ending: Hashable, Sendable {
    /// The user quit, or the terminal was closed.
    case quit
    /// A signal asked the UI to end: SIGINT, SIGTERM, SIGHUP or SIGQUIT.
    case signal(Int32)
  }

  /// Shows the UI until the user quits or a signal asks it to end. The terminal is restored before
  /// the function returns or throws.
  ///
  /// The first frame is drawn before the source exists, while `open` runs on another thread. Errors of `open` are
  /// rethrown. Throws ``TerminalError`` if there is no terminal to draw on.
  @MainActor
  public static func run(
    options: UserInterfaceOptions = UserInterfaceOptions(),
    source open: @escaping @Sendable () throws -> any SnapshotSource
  ) throws -> Ending {
    let terminal = try Terminal(isMonochrome: options.isMonochrome, theme: options.theme)
    defer { terminal.close() }
    let opened = Opened()
    try WorkerThread("opener", orThrow: ThreadError.init) {
      opened.set(Result { try open() })
      Terminal.wake()
    }.detach()
    var loop = RunLoop(terminal: terminal, interface: Interface(options: options))
    return try loop.run { try opened.take() }
  }

  /// The source, passed from the thread that opens it.
  private final class Opened: Sendable {
    private let result = Mutex<Result<any SnapshotSource, any Error>?>(nil)

    func set(_ value: Result<any SnapshotSource, any Error>) { result.withLock { $0 = value } }

    func take() throws -> (any SnapshotSource)? { try result.withLock { $0 }?.get() }
  }
}

/// Handles input, snapshots and frames in turn. Sleeps until the terminal or the source wakes it.
@MainActor
private struct RunLoop {
  let terminal: Terminal
  var interface: Interface
  var canvas = Canvas(width: 0, height: 0)
  var source: (any SnapshotSource)?
  private var nextInspection: UInt64 = 0

  /// Nanoseconds between two inspections of the request whose detail pane is shown.
  private static let inspectionInterval: UInt64 = 500_000_000

  init(terminal: Terminal, interface: Interface) {
    self.terminal = terminal
    self.interface = interface
    canvas.isASCII = !terminal.isUTF8
  }

  mutating func run(
    _ takeSource: () throws -> (any SnapshotSource)?
  ) throws -> UserInterface.Ending {
    defer { source?.onChange(nil) }
    draw()
    while true {
      if source == nil, let opened = try takeSource() { adopt(opened) }
      if takeNews() { draw() }
      // All keys typed ahead are handled before a frame is drawn.
      var deadline = nextDeadline
      var hasInput = false
      while true {
        let input = terminal.read(until: deadline)
        if case .none = input { break }
        deadline = 0
        hasInput = true
        switch input {
        case .signal(let number): return .signal(number)
        case .hangUp: return .quit
        default: break
        }
        if carryOut(interface.handle(input)) { return .quit }
      }
      if hasInput { draw() }
    }
  }

  private mutating func adopt(_ opened: any SnapshotSource) {
    source = opened
    opened.onChange(Terminal.wake)
    if case .live(let live) = opened.controls {
      live.perform(.setRefreshInterval(interface.interval))
    }
  }

  /// Time at which the loop must continue even without an event; nanoseconds, CLOCK_MONOTONIC.
  private var nextDeadline: UInt64? {
    let inspection = interface.inspected == nil ? nil : nextInspection
    return [interface.notice?.until, inspection].compactMap { $0 }.min()
  }

  /// Takes new snapshots and notices from the source. Returns true if a new frame must be drawn.
  private mutating func takeNews() -> Bool {
    let now = MonotonicClock.now()
    var isNew = interface.expireNotice(now: now)
    guard let source else { return isNew }
    for notice in source.takeNotices() {
      interface.tell(notice, now: now)
      isNew = true
    }
    var timeline: Timeline?
    switch source.controls {
    case .playback(let playback): timeline = playback.timeline
    case .live(let live):
      interface.isOver = live.isOver
      if let request = interface.inspected, now >= nextInspection {
        live.perform(.inspect(request))
        nextInspection = now + Self.inspectionInterval
      }
    }
    let before = interface.revision
    interface.update(source.current(), timeline: timeline)
    return isNew || interface.revision != before
  }

  /// Carries out the effects. Returns true if the user quits.
  private mutating func carryOut(_ effects: [Interface.Effect]) -> Bool {
    for effect in effects {
      switch (effect, source?.controls) {
      case (.live(let command), .live(let live)?): live.perform(command)
      case (.playback(let command), .playback(let playback)?): playback.perform(command)
      // Ignored: there is no source yet.
      case (.live, _), (.playback, _): break
      case (.dump(let path), _): source?.dump(to: path)
      case (.redraw, _): terminal.forget()
      case (.keep(let change), _):
        if let notice = interface.options.keep?(change) {
          interface.tell(notice, now: MonotonicClock.now())
        }
      case (.quit, _): return true
      }
    }
    return false
  }

  private mutating func draw() {
    let size = terminal.size
    canvas.reset(width: size.width, height: size.height)
    interface.draw(into: &canvas)
    terminal.show(canvas)
  }
}
