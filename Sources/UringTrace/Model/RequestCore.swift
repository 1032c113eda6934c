extension Request {
  /// Facts that every request has. Small, because a million requests can be in flight.
  public struct Core: Sendable, BitwiseCopyable {
    // Ordered so that the fields written by a submission and by a completion are adjacent.

    public var id: ID = 0
    /// `struct io_kiocb *`: identifies the request only while it is in flight.
    public var address: UInt64 = 0
    /// `REQ_F_*` at submission; ``Snapshot/requestFlagNames`` has their names.
    public var flags: UInt64 = 0
    /// Time of the first event seen of the request; nanoseconds, CLOCK_MONOTONIC.
    public var startTime: UInt64 = 0
    /// Time of the last event seen; the end, once the state is final.
    public var lastTime: UInt64 = 0
    public var ring: Ring.ID = 0
    /// Submitting thread and its process; 0 if unknown.
    public var submitterTid: UInt32 = 0
    public var submitterTgid: UInt32 = 0
    /// Thread that posted the last CQE.
    public var completerTid: UInt32 = 0
    /// Result of the last CQE that had a result (a notification has none); meaningful if
    /// ``hasResult``.
    public var result: Int32 = 0
    /// `IORING_CQE_F_*` of the CQE with ``result``.
    public var cqeFlags: UInt32 = 0
    /// Number of CQEs posted, overflowed CQEs included.
    public var cqeCount: UInt32 = 0
    /// Events for which the armed poll waits, `POLL*`; 0 while no poll is armed.
    public var pollEvents: UInt32 = 0
    /// Number of steps, including those that ``Request/steps`` dropped.
    public var stepCount: UInt32 = 0
    public var state: State = .submitted
    public var hasResult: Bool = false
    public var isSQEKnown: Bool = false
    /// True if the submission was recorded; false if the request was found in flight, or if the
    /// record of its submission was lost.
    public var isStartKnown: Bool = false
    /// True if the end was inferred, not observed.
    public var isEndDerived: Bool = false
    public var opcode: Opcode = Opcode(rawValue: 0)
    /// True if the ring's iou-sqp thread submitted the request.
    public var isSubmittedBySQThread: Bool = false
    /// The ``RequestGroup`` of which the request is a member or, if it is not a member, the leader;
    /// 0 if neither.
    public var group: RequestGroup.ID = 0
    /// One more than the index of the user stack at submission (``userStackKey``); 0 if no stack
    /// was taken.
    public var userStackNumber: UInt32 = 0
    /// SQE fields whose values the kernel still had when an inventory walk (BPF iterator) found the
    /// request. These fields of ``sqe`` are meaningful even if ``isSQEKnown`` is false.
    public var kernelKnowledge: SQEKnowledge = []
    /// False until a record of the request contains its `user_data`.
    public var isUserDataKnown: Bool = true
    /// The SQE as the application wrote it. Meaningful if ``isSQEKnown``; otherwise only the fields
    /// in ``kernelKnowledge``.
    public var sqe: SQE = SQE()
    /// The first steps; ``Extra`` has the later ones.
    var firstSteps = InlineArray<2, Step>(repeating: StepList.noStep)

    package init() {}
  }
}

extension Request.Core {
  public var userData: UInt64 {
    get { sqe.user_data }
    set { sqe.user_data = newValue }
  }

  /// The descriptor or fixed-file index in the SQE; nil for opcodes without a file.
  public var file: FileReference? { opcode.fileReference(in: sqe, isKnown: knows(.file)) }

  /// True if ``sqe`` has the application's value of a field.
  func knows(_ field: SQEKnowledge) -> Bool {
    isSQEKnown || kernelKnowledge.isSuperset(of: field)
  }

  /// True if the input of SPLICE or TEE is a registered file (SPLICE_F_FD_IN_FIXED).
  var isInputFixed: Bool { knows(.opFlags) && sqe.op_flags & 1 << 31 != 0 }

  /// True if the request moves data and did not request a worker thread (IOSQE_ASYNC).
  package var movesDataUnasked: Bool {
    opcode.direction != .none && !SQEFlags(requestFlags: flags).contains(.async)
  }
}
