/// A call on a thread of its own: its caller can stop waiting for it.
///
/// A call that is abandoned keeps its thread. If it never returns, SIGKILL must be able to end it, since a process ends
/// only with its last thread.
package final class SeparateCall<Result: Sendable>: Sendable {
  private let state = Monitor<(result: Result?, isAbandoned: Bool)>((nil, false))
  private let thread: WorkerThread

  /// Nanoseconds between two looks at the progress of the call.
  private static var longestSlice: UInt64 { 50_000_000 }

  /// Starts the call.
  ///
  /// - Parameters:
  ///   - name: name of the thread; at most 15 bytes.
  ///   - failure: the error to throw if no thread can be started, by errno.
  ///   - body: the call.
  ///   - late: runs after a call that was abandoned.
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

  /// Waits for the result; nil if it is not there at the deadline (CLOCK_MONOTONIC, nanoseconds).
  package func result(until deadline: UInt64) -> Result? {
    guard let result = state.wait(until: deadline, for: { $0.result != nil }, then: { $0.result })
    else { return nil }
    thread.join()
    return result
  }

  /// Waits for the result as long as the call makes progress; nil if it has made none for too long.
  ///
  /// - Parameters:
  ///   - patience: nanoseconds without progress after which the wait ends; nil: none. Asked again and again.
  ///   - progress: a value that changes while the call makes progress.
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

  /// Stops waiting; the call continues. Returns its result if it has just arrived.
  ///
  /// - Parameter body: runs before `late` can, unless there is a result.
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
