import CSpawn
import Glibc
import UringTrace

/// Waits during an observation. The caller must have blocked the signals of
/// ``spawn_block_signals()``.
struct Watch {
  /// The reason why the watch ended.
  enum Reason {
    /// A signal asked uringtop to end, and there is no child. A child itself decides whether a
    /// signal ends it.
    case signal(Int32)
    case childEnded(ChildCommand.Ending)
    case durationOver
    /// The observation itself failed.
    case failed
  }

  var child: ChildCommand?
  /// Maximum duration of the watch; nil for no limit.
  var duration: DurationArgument?
  /// The last signal that asked uringtop to end, whether or not it was passed on to the child; 0 if
  /// there was none.
  private(set) var signal: Int32 = 0

  init(child: ChildCommand?, duration: DurationArgument?) {
    self.child = child
    self.duration = duration
  }

  /// Waits until there is a reason to stop.
  ///
  /// - Parameters:
  ///   - isHandled: called with each signal; returns true if the signal must not end the watch.
  ///   - isOver: called ten times a second; returns true if the watch may end early.
  mutating func wait(
    hasFailed: () -> Bool = { false }, isHandled: (Int32) -> Bool = { _ in false },
    isOver: () -> Bool = { false }
  ) -> Reason {
    let deadline = Deadline(in: duration?.nanoseconds)
    var interrupts = 0
    while true {
      if let ending = child?.poll() { return .childEnded(ending) }
      if hasFailed() { return .failed }
      if isOver() { return .durationOver }
      guard let pause = deadline.remaining(atMost: 100_000_000) else { return .durationOver }
      let arrived = spawn_wait_signal(Int64(pause))
      switch arrived.number {
      case 0, SIGCHLD: continue
      case let number where isHandled(number): continue
      default: signal = arrived.number
      }
      guard let child else { return .signal(signal) }
      // The child decides whether the signal ends it. A signal that was typed at the terminal has
      // already reached the child.
      interrupts += 1
      if interrupts >= 3 {
        child.send(SIGKILL)
      } else if arrived.from_terminal == 0 {
        child.send(signal)
      }
    }
  }
}
