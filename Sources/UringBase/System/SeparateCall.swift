/// A call on a thread of its own. The caller can stop waiting for it.
///
/// An abandoned call keeps its thread. If the call may never return, it must be one that SIGKILL
/// can end, because a process ends only with its last thread.
package final class SeparateCall<Result: Sendable>: Sendable {
  private let state = Monitor<(result: Result?, isAbandoned: Bool)>((nil, false))
  private let thread: WorkerThread

  /// Nanoseconds between two checks of the call's progress.
  private static var longestSlice: UInt64 { 50_000_000 }

  /// Starts the call.
  ///
  /// - Parameters:
  ///   - name: name of the thread; at most 15 bytes.
  ///   - failure: returns the error to throw, given an errno, if no thread can be started.
  ///   - body: the call.
  ///   - late: runs when an abandoned call returns.
  package init<Failure: Error>(
    _ name: String, orThrow failure: (_ errno: Int32) -> Failure,
    _ body: @escaping @Sendable () -> Result, late: @escaping @Sendable () -> Void = {}
  ) throws(Failure) {
    thread = try WorkerThread(name, orThrow: failure) { [state] in
      let result = body()
      let isAbandoned = state.change { state in
        state.result = result
        return state.isAbandoned
      }
      if isAbandoned { late() }
    }
  }

  deinit { thread.detach() }

  /// Waits for the result; nil if the call has not returned by the deadline (nanoseconds,
  /// CLOCK_MONOTONIC).
  package func result(until deadline: UInt64) -> Result? {
    guard let result = state.wait(until: deadline, for: { $0.result != nil }, then: { $0.result })
    else { return nil }
    thread.join()
    return result
  }

  /// Waits for the result as long as the call makes progress; nil if it has made none for too long.
  ///
  /// - Parameters:
  ///   - patience: returns the nanoseconds without progress after which the wait ends; nil for no
  ///     limit. Evaluated repeatedly, because the limit can change.
  ///   - progress: returns a value that changes while the call makes progress.
  package func result(patience: () -> UInt64?, progress: () -> UInt64) -> Result? {
    var (seen, since) = (progress(), MonotonicClock.now())
    while true {
      let limit = patience()
      let slice = min(Self.longestSlice, limit ?? .max)
      if let result = result(until: MonotonicClock.now() + slice) { return result }
      let (now, time) = (progress(), MonotonicClock.now())
      if now != seen {
        (seen, since) = (now, time)
      } else if let limit, time - since >= limit {
        return nil
      }
    }
  }

  /// Stops waiting for the call, which continues. Returns its result if it has just arrived.
  ///
  /// - Parameter body: runs before `late` can run. Does not run if there is a result.
  package func abandon(_ body: () -> Void = {}) -> Result? {
    state.withLock { state in
      if state.result == nil {
        state.isAbandoned = true
        body()
      }
      return state.result
    }
  }
}
