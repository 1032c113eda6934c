import Glibc
import Synchronization
import UringBase

/// A slow load that runs beside the target, so that every pane of the demonstration has content. It
/// has requests on files and sockets, timers, chains, requests for io-wq workers, failing requests,
/// and requests that wait for a long time.
public final class MixedLoad: Sendable {
  /// The results of the load so far.
  public struct Status: Sendable, Hashable {
    /// Number of completions for each job.
    public var completions: [Job: UInt64] = [:]
    /// The last unexpected result of each job that had one.
    public var unexpected: [Job: Int32] = [:]
    /// The error that ended the load early; nil if there was none.
    public var failure: TargetError?
  }

  /// A job: one of the kinds of requests that the load submits in turn.
  public enum Job: UInt8, Sendable, CaseIterable {
    /// A timeout of one tick. When it expires, the next job starts.
    case tick
    /// A write, and a flush linked behind it.
    case write, flush
    /// A read that an io-wq worker executes.
    case read
    /// Opens a file, and then closes it.
    case open, close
    /// Opens a file that does not exist.
    case missing
    /// A read that fails, and a write linked behind it, which is therefore cancelled.
    case broken, cancelled
    /// A receive, and the send two ticks later for which it waits.
    case receive, send
    /// A receive, and the link timeout that cancels it.
    case late, timeout
    /// A poll and a receive that wait until the load ends.
    case parked
    /// The cancel request that ends all other requests when the load ends.
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

  /// Ends the load and waits for its thread. A second call does nothing.
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
