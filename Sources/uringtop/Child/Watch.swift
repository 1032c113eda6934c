import CSpawn
import Glibc
import UringTrace

/// Waits while something is observed. The signals of ``spawn_block_signals()`` are blocked.
struct Watch {
  /// Why it is over.
  enum Reason {
    /// Without a child: the user or the system wants us to end.
    case signal(Int32)
    case childEnded(ChildCommand.Ending)
    case durationOver
    /// The observation itself.
    case failed
  }

  var child: ChildCommand?
  /// nil: without limit.
  var duration: DurationArgument?
  /// The last signal that asked to end, passed on to the child or not; 0 if none did.
  private(set) var signal: Int32 = 0

  init(child: ChildCommand?, duration: DurationArgument?) {
    self.child = child
    self.duration = duration
  }

  /// Waits until there is a reason to stop.
  ///
  /// - Parameter isOver: asked ten times a second: whether the watch may end before its time.
  mutating func wait(hasFailed: () -> Bool = { false }, isOver: () -> Bool = { false }) -> Reason {
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
      default: signal = arrived.number
      }
      guard let child else { return .signal(signal) }
      // The child decides whether it ends; it has a typed signal already.
      interrupts += 1
      if interrupts >= 3 {
        child.send(SIGKILL)
      } else if arrived.from_terminal == 0 {
        child.send(signal)
      }
    }
  }
}
