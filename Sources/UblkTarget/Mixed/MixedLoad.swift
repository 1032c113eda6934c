import Glibc
import Synchronization
import UringBase

/// A slow load beside the target, so that every pane of the demonstration has content: requests on files and sockets,
/// timers, chains, requests for workers, failing requests, and requests that wait for a long time.
public final class MixedLoad: Sendable {
  /// The result of the load so far.
  public struct Status: Sendable, Hashable {
    /// Completions by the job that they belong to.
    public var completions: [Job: UInt64] = [:]
    /// Results that their jobs do not have: the last of each job.
    public var unexpected: [Job: Int32] = [:]
    /// Why the load ended early; nil if it did not.
    public var failure: TargetError?
  }

  /// One of the things that the load does in turn.
  public enum Job: UInt8, Sendable, CaseIterable {
    /// Ends after a tick, and starts the next job.
    case tick
    /// A write, and a flush behind it.
    case write, flush
    /// A read by a worker.
    case read
    /// Opens a file, and closes it again.
    case open, close
    /// Opens a file that does not exist.
    case missing
    /// A read that fails, and the write behind it, which is cancelled.
    case broken, cancelled
    /// A receive that waits until a send some ticks later.
    case receive, send
    /// A receive that a link timeout cancels.
    case late, timeout
    /// A poll and a receive that wait until the end.
    case parked
    /// Cancels what is parked.
    case end
  }

  private struct Shared: Sendable {
    var status = Status()
    var isStopping = false
  }

  private final class State: Sendable {
    let shared = Mutex(Shared())
  }

  private let state = State()
  private let thread: Mutex<WorkerThread?>

  public init() throws(TargetError) {
    let state = state
    thread = Mutex(
      try WorkerThread("mixed", orThrow: TargetError.thread) {
        do throws(TargetError) {
          var runner = try MixedRunner()
          try runner.run { status in
            state.shared.withLock { shared in
              shared.status = status
              return shared.isStopping
            }
          }
        } catch {
          state.shared.withLock { $0.status.failure = error }
        }
      })
  }

  deinit { stop() }

  public var status: Status { state.shared.withLock { $0.status } }

  /// Ends it. Waits; a second call does nothing.
  public func stop() {
    state.shared.withLock { $0.isStopping = true }
    let thread = thread.withLock { thread in
      let running = thread
      thread = nil
      return running
    }
    thread?.join()
  }
}
