/// One moment in a request's life.
public struct Step: Hashable, Sendable {
  /// The kind of event. Names are the kernel's tracepoint names where there is one.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// Handed to the kernel (`io_uring_submit_req`).
    case submitted
    /// Held back by a drain (`io_uring_defer`).
    case deferred
    /// Put behind another request (`io_uring_link`).
    case linked
    /// Its file was looked up: the request is being issued (`io_uring_file_get`).
    case fileAssigned
    /// Waits for its file to become ready (`io_uring_poll_arm`).
    case pollArmed
    /// Handed to a worker thread (`io_uring_queue_async_work`).
    case queuedToWorker
    /// Handed to a worker thread, behind other work on the same file.
    case queuedToWorkerHashed
    /// A wake-up queued it to its task (`io_uring_task_add`).
    case taskWorkAdded
    /// Posted a CQE and lives on: a multishot's, or the result of a zero-copy send.
    case posted
    /// Wrote less than asked (`io_uring_short_write`).
    case shortWrite
    /// Named by `io_uring_fail_link` as the failed request of a chain.
    case linkFailed
    /// Cancelled because its chain broke.
    case linkCancelled
    /// Refused in preparation (`io_uring_req_failed`).
    case preparationFailed
    /// Posted its last CQE (`io_uring_complete`).
    case completed
    /// Its CQE went to the overflow list (`io_uring_cqe_overflow`).
    case overflowed
    /// Ended without a CQE, as asked by IOSQE_CQE_SKIP_SUCCESS.
    case skipped
    /// The network stack let go of the buffer of a zero-copy send.
    case notified
    /// The same, of a send that the stack had made a copy for: nothing was saved.
    case notifiedOfCopy
    /// Ended while no event told: its memory was reused, free, or its ring gone.
    case ended
    /// Found in flight in the kernel's structures: it was there before.
    case found

    /// The network stack let go of a zero-copy send's buffer.
    public var isNotification: Bool { self == .notified || self == .notifiedOfCopy }
  }

  /// Nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// Thread that was running.
  public var tid: UInt32
  public var kind: Kind
}
