/// One request: an `io_kiocb` from its submission to its end.
///
/// Plain data with a property for each fact that views, documents and findings show. They lie in one struct because the
/// aggregator writes them together, millions of times per second.
public struct Request: Sendable {
  /// Number in order of first sight, from 1, over all rings.
  public typealias ID = UInt64

  /// Where the request is now.
  public enum State: UInt8, Sendable, CaseIterable {
    /// Handed to the kernel; nothing since. Disk requests and those that park without an event
    /// (POLL_ADD, TIMEOUT, FUTEX_WAIT, URING_CMD…) stay here.
    case submitted
    /// Behind a drain.
    case deferred
    /// Behind another request of its chain.
    case linked
    /// Its file is assigned and it was issued.
    case issued
    /// Waits for its file to become ready.
    case pollArmed
    /// With io-wq: queued or executing.
    case worker
    /// Woken; waits for its task to run.
    case taskWork
    /// Posted its result; the network stack still holds the buffer (SEND_ZC).
    case awaitingNotification
    /// Posted its last CQE.
    case completed
    /// Ended, its CQE is or was in the overflow list.
    case overflowed
    /// Ended without a CQE, as asked.
    case skipped
    /// Ended, and no event told how.
    case ended

    /// Whether the request has ended.
    public var isFinal: Bool { self.rawValue >= State.completed.rawValue }
  }

  // Ordered so that what a submission and a completion write lies together: the aggregator keeps
  // this very value.

  public var id: ID = 0
  /// `struct io_kiocb *`: identifies the request only while it is in flight.
  public var address: UInt64 = 0
  public var userData: UInt64 = 0
  /// `REQ_F_*` at submission; names by ``Snapshot/requestFlagNames``.
  public var flags: UInt64 = 0
  /// Nanoseconds, CLOCK_MONOTONIC. The first event seen of the request.
  public var startTime: UInt64 = 0
  /// The last event seen; the end, once the state is final.
  public var lastTime: UInt64 = 0
  public var ring: Ring.ID = 0
  /// Submitting thread and its process; 0 if not known.
  public var submitterTid: UInt32 = 0
  public var submitterTgid: UInt32 = 0
  /// Thread that posted the last CQE.
  public var completerTid: UInt32 = 0
  /// CQE result of the last CQE that had one (a notification has none); meaningful if ``hasResult``.
  public var result: Int32 = 0
  /// `IORING_CQE_F_*` of the CQE with ``result``.
  public var cqeFlags: UInt32 = 0
  /// CQEs posted, overflowed ones included.
  public var cqeCount: UInt32 = 0
  /// The events that poll waits for, `POLL*`, once poll-armed.
  public var pollEvents: UInt32 = 0
  /// Negative errno of a preparation failure, else 0.
  public var preparationError: Int32 = 0
  /// Steps that happened; those over the capacity overwrite the last place.
  public var stepCount: UInt32 = 0
  public var state: State = .submitted
  public var hasResult: Bool = false
  public var isSQEKnown: Bool = false
  /// Start of the request is known; false if it was found in flight or its submission was lost.
  public var isStartKnown: Bool = false
  /// The end was found out afterwards, not observed.
  public var isEndDerived: Bool = false
  /// In flight as far as is known, but records were lost since its last event: it may have ended.
  public var isSuspect: Bool = false
  /// Apart from the identities, so that what every request resets lies together.
  var knownFiles: KnownFiles = []
  public var opcode: Opcode = Opcode(rawValue: 0)
  /// Submitted by the ring's iou-sqp thread.
  public var isSubmittedBySQThread: Bool = false
  /// The chain the request is in, 0 if none.
  public var chain: Chain.ID = 0
  /// The group it is a member or, if of none, the leader of; 0 if neither.
  public var group: RequestGroup.ID = 0
  /// Bytes the kernel wrote at a short write, meaningful with a ``Step/Kind/shortWrite`` step.
  public var shortWriteBytes: UInt64 = 0
  /// One more than the number of the user stack at its submission (``userStackKey``), 0 if not taken.
  public var userStackNumber: UInt32 = 0
  /// Where the kernel was last seen to keep it, until an event tells that it moved on.
  public var place: Place = .unknown
  /// The SQE fields that the kernel still held, for a request that was found in flight: those fields of
  /// ``sqe`` are meaningful though ``isSQEKnown`` is false.
  public var kernelKnowledge: SQEKnowledge = []
  /// False while only events without ``userData`` showed the request.
  public var isUserDataKnown: Bool = true
  /// The SQE as the application wrote it; meaningful if ``isSQEKnown``, in part by ``kernelKnowledge``.
  public var sqe: SQE = SQE()
  /// The first ``stepCapacity`` steps; see ``steps``.
  public var stepStorage: InlineArray<10, Step> = InlineArray(
    repeating: Step(time: 0, tid: 0, kind: .submitted))
  /// The thread that executes it while ``place`` is ``Place/workerRunning``.
  public var workerTid: UInt32 = 0
  /// When a timeout fires, nanoseconds, CLOCK_MONOTONIC; 0 if not known. Meaningful in ``place``.
  public var expiryTime: UInt64 = 0

  /// Meaningful by ``knownFiles``.
  private var fileStorage = FileIdentity()
  private var inputStorage = FileIdentity()

  package init() {}

  public static var stepCapacity: Int { 10 }

  /// The life so far in order of time. When more than ``stepCapacity`` steps happened, the last entry
  /// is the latest step and those between were dropped (``droppedSteps``).
  public var steps: [Step] {
    (0..<min(Int(stepCount), Self.stepCapacity)).map { stepStorage[$0] }
  }

  public var droppedSteps: Int { max(0, Int(stepCount) - Self.stepCapacity) }

  /// The descriptor or fixed-file index in the SQE, nil for opcodes without a file.
  public var file: FileReference? { opcode.fileReference(in: sqe, isKnown: knows(.file)) }

  /// The file that the kernel found for the request; nil before it is issued, and in old recordings.
  public var fileIdentity: FileIdentity? { knownFiles.contains(.file) ? fileStorage : nil }

  /// Of SPLICE and TEE, the file that they read from; ``fileIdentity`` is the one that they write to.
  public var inputIdentity: FileIdentity? { knownFiles.contains(.input) ? inputStorage : nil }

  /// ``inputIdentity`` was not observed: it is what the request's descriptor referred to at the last look.
  public var isInputDerived: Bool { knownFiles.contains(.derivedInput) }

  /// SPLICE_F_FD_IN_FIXED: the input is a registered file.
  var isInputFixed: Bool { knows(.opFlags) && sqe.op_flags & 1 << 31 != 0 }

  mutating func setFile(_ file: FileIdentity, isOfSubmission: Bool = false) {
    fileStorage = file
    knownFiles.insert(.file)
    knownFiles.remove(.ofSubmission)
    if isOfSubmission { knownFiles.insert(.ofSubmission) }
  }

  /// An observed input is not replaced by a derived one.
  mutating func setInput(_ file: FileIdentity, isDerived: Bool) {
    guard !isDerived || !knownFiles.contains(.input) || isInputDerived else { return }
    inputStorage = file
    knownFiles.insert(.input)
    knownFiles.remove(.derivedInput)
    if isDerived { knownFiles.insert(.derivedInput) }
  }

  /// Behind another request, it gets the registered file that its index stands for when it is issued.
  mutating func forgetFileOfSubmission() {
    if knownFiles.contains(.ofSubmission) { knownFiles.subtract([.file, .ofSubmission]) }
  }

  /// The key of its stack in ``Snapshot/userStacks``; nil if none was taken.
  public var userStackKey: UserStackKey? {
    userStackNumber == 0
      ? nil : UserStackKey(tgid: submitterTgid, stack: userStackNumber - 1)
  }

  /// ``userData`` as people write it; nil if it is not known.
  public var userDataText: String? {
    isUserDataKnown ? "0x" + String(userData, radix: 16) : nil
  }

  /// It moves data, and did not ask for a worker thread.
  package var movesDataUnasked: Bool {
    opcode.direction != .none && !SQEFlags(requestFlags: flags).contains(.async)
  }

  /// Whether a field of ``sqe`` is what the application wrote.
  public func knows(_ field: SQEKnowledge) -> Bool {
    isSQEKnown || kernelKnowledge.isSuperset(of: field)
  }
}

/// Which of a request's files are known.
struct KnownFiles: OptionSet {
  var rawValue: UInt8

  static let file = KnownFiles(rawValue: 1)
  static let input = KnownFiles(rawValue: 2)
  static let derivedInput = KnownFiles(rawValue: 4)
  /// The registered file at the submission.
  static let ofSubmission = KnownFiles(rawValue: 8)
}

/// The file a request names.
public enum FileReference: Hashable, Sendable {
  /// A file descriptor of the submitter.
  case descriptor(Int32)
  /// An index into the ring's registered files.
  case fixed(UInt32)
}
