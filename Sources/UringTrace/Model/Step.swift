/// One step in a request's life.
public struct Step: Hashable, Sendable, BitwiseCopyable {
  /// The kind of step, named after the kernel's tracepoint where there is one.
  public enum Kind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Submitted to the kernel (`io_uring_submit_req`).
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
    /// A wake-up queued the request as task work of its task (`io_uring_task_add`).
    case taskWorkAdded
    /// Posted a CQE and continues: a multishot's CQE, or the result of a zero-copy send.
    case posted
    /// Wrote less than requested (`io_uring_short_write`).
    case shortWrite
    /// Named by `io_uring_fail_link` as the request that broke the chain.
    case linkFailed
    /// Cancelled because its chain broke.
    case linkCancelled
    /// Refused in preparation (`io_uring_req_failed`).
    case preparationFailed
    /// Posted its last CQE (`io_uring_complete`).
    case completed
    /// Its CQE was put on the overflow list (`io_uring_cqe_overflow`).
    case overflowed
    /// Ended without a CQE, as requested by IOSQE_CQE_SKIP_SUCCESS.
    case skipped
    /// The network stack released the buffer of a zero-copy send.
    case notified
    /// The network stack released the buffer of a zero-copy send, but had copied the data: zero
    /// copy saved nothing.
    case notifiedOfCopy
    /// Ended without an event: its memory was reused or freed, or its ring closed.
    case ended
    /// Found in flight in the kernel's structures; it began earlier.
    case found

    /// True for a step that hands the request to io-wq.
    package var isHandover: Bool { self == .queuedToWorker || self == .queuedToWorkerHashed }

    /// True for a step in which the network stack released a zero-copy send's buffer.
    public var isNotification: Bool { self == .notified || self == .notifiedOfCopy }
  }

  /// Nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// The thread that was running when the step occurred.
  public var tid: UInt32
  public var kind: Kind
}
