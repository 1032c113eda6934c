/// One request: an `io_kiocb` from its submission to its end.
///
/// Plain data with a property for each fact that views, documents and findings show. They share one struct
/// because the aggregator writes them together, millions of times per second.
public struct Request: Sendable, BitwiseCopyable {
  /// Number in order of first appearance, from 1, over all rings.
  public typealias ID = UInt64

  /// Where the request is now.
  public enum State: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Submitted to the kernel, and no event since. Disk requests and requests that wait without an event
    /// (POLL_ADD, TIMEOUT, FUTEX_WAIT, URING_CMD…) stay in this state.
    case submitted
    /// Held back by a drain.
    case deferred
    /// Behind another request of its chain.
    case linked
    /// Issued, after its file was assigned.
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
    /// Ended; its last CQE is or was in the overflow list.
    case overflowed
    /// Ended without a CQE, as requested.
    case skipped
    /// Ended; no event showed how.
    case ended

    /// Whether the request has ended.
    public var isFinal: Bool { self.rawValue >= State.completed.rawValue }
  }

  // Ordered so that the fields that a submission and a completion write are adjacent: the aggregator stores
  // this very struct.

  public var id: ID = 0
  /// `struct io_kiocb *`: identifies the request only while it is in flight.
  public var address: UInt64 = 0
  public var userData: UInt64 = 0
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
  /// Result of the last CQE that had a result (a notification has none); meaningful if ``hasResult``.
  public var result: Int32 = 0
  /// `IORING_CQE_F_*` of the CQE with ``result``.
  public var cqeFlags: UInt32 = 0
  /// Number of CQEs posted, overflowed CQEs included.
  public var cqeCount: UInt32 = 0
  /// Events that poll waits for, `POLL*`, once poll-armed.
  public var pollEvents: UInt32 = 0
  /// Negative errno of a preparation failure, else 0.
  public var preparationError: Int32 = 0
  /// Number of steps; steps beyond the capacity overwrite the last entry.
  public var stepCount: UInt32 = 0
  public var state: State = .submitted
  public var hasResult: Bool = false
  public var isSQEKnown: Bool = false
  /// True if the start is known; false if the request was found in flight or its submission was lost.
  public var isStartKnown: Bool = false
  /// True if the end was inferred, not observed.
  public var isEndDerived: Bool = false
  /// True if the request is in flight as far as is known, but records were lost since its last event: it may
  /// have ended.
  public var isSuspect: Bool = false
  /// Stored apart from the file identities, so that the fields that every request resets are adjacent.
  var knownFiles: KnownFiles = []
  public var opcode: Opcode = Opcode(rawValue: 0)
  /// True if the ring's iou-sqp thread submitted the request.
  public var isSubmittedBySQThread: Bool = false
  /// The request's chain; 0 if none.
  public var chain: Chain.ID = 0
  /// The group of which the request is a member or else the leader; 0 if neither.
  public var group: RequestGroup.ID = 0
  /// Bytes the kernel wrote at a short write, meaningful with a ``Step/Kind/shortWrite`` step.
  public var shortWriteBytes: UInt64 = 0
  /// One more than the index of the user stack at submission (``userStackKey``); 0 if no stack was taken.
  public var userStackNumber: UInt32 = 0
  /// Where a walk last saw the request, until an event shows that it moved on.
  public var place: Place = .unknown
  /// SQE fields that the kernel still held when a walk found the request. These fields of ``sqe`` are
  /// meaningful although ``isSQEKnown`` is false.
  public var kernelKnowledge: SQEKnowledge = []
  /// False while only events without ``userData`` have shown the request.
  public var isUserDataKnown: Bool = true
  /// The SQE as the application wrote it. Meaningful if ``isSQEKnown``; otherwise only the fields in
  /// ``kernelKnowledge``.
  public var sqe: SQE = SQE()
  /// The first ``stepCapacity`` steps; see ``steps``.
  public var stepStorage: InlineArray<10, Step> = InlineArray(
    repeating: Step(time: 0, tid: 0, kind: .submitted))
  /// The worker thread that executes the request while ``place`` is ``Place/workerRunning``.
  public var workerTid: UInt32 = 0
  /// When a timeout fires, nanoseconds, CLOCK_MONOTONIC; 0 if unknown. Meaningful in ``place``.
  public var expiryTime: UInt64 = 0

  /// Valid as ``knownFiles`` indicates.
  private var fileStorage = FileIdentity()
  private var inputStorage = FileIdentity()

  package init() {}

  public static var stepCapacity: Int { 10 }

  /// Steps so far in order of time. Beyond ``stepCapacity`` steps, the last entry is the latest step and the
  /// steps before it were dropped (``droppedSteps``).
  public var steps: [Step] {
    (0..<min(Int(stepCount), Self.stepCapacity)).map { stepStorage[$0] }
  }

  public var droppedSteps: Int { max(0, Int(stepCount) - Self.stepCapacity) }

  /// The descriptor or fixed-file index in the SQE; nil for opcodes without a file.
  public var file: FileReference? { opcode.fileReference(in: sqe, isKnown: knows(.file)) }

  /// The file that the kernel assigned to the request; nil before the request is issued, and in old recordings.
  public var fileIdentity: FileIdentity? { knownFiles.contains(.file) ? fileStorage : nil }

  /// The file that SPLICE or TEE reads from; ``fileIdentity`` is the file that it writes to.
  public var inputIdentity: FileIdentity? { knownFiles.contains(.input) ? inputStorage : nil }

  /// True if ``inputIdentity`` was not observed but derived from the request's descriptor at the last look.
  public var isInputDerived: Bool { knownFiles.contains(.derivedInput) }

  /// True if the input is a registered file (SPLICE_F_FD_IN_FIXED).
  var isInputFixed: Bool { knows(.opFlags) && sqe.op_flags & 1 << 31 != 0 }

  mutating func setFile(_ file: FileIdentity, isOfSubmission: Bool = false) {
    fileStorage = file
    knownFiles.insert(.file)
    knownFiles.remove(.ofSubmission)
    if isOfSubmission { knownFiles.insert(.ofSubmission) }
  }

  /// Sets the input file. A derived input never replaces an observed one.
  mutating func setInput(_ file: FileIdentity, isDerived: Bool) {
    guard !isDerived || !knownFiles.contains(.input) || isInputDerived else { return }
    inputStorage = file
    knownFiles.insert(.input)
    knownFiles.remove(.derivedInput)
    if isDerived { knownFiles.insert(.derivedInput) }
  }

  /// Discards the file of the submission: a request behind another looks up its registered file when it is issued.
  mutating func forgetFileOfSubmission() {
    if knownFiles.contains(.ofSubmission) { knownFiles.subtract([.file, .ofSubmission]) }
  }

  /// The SQE's flags, also where only the kernel's flags of the request are known.
  public var sqeFlags: SQEFlags {
    isSQEKnown ? SQEFlags(rawValue: sqe.flags) : SQEFlags(requestFlags: flags)
  }

  /// Nanoseconds since the submission; of an ended request, until its end.
  public func age(at now: UInt64) -> UInt64 {
    (state.isFinal ? lastTime : now).since(startTime)
  }

  /// Key of the request's stack in ``Snapshot/userStacks``; nil if no stack was taken.
  public var userStackKey: UserStackKey? {
    userStackNumber == 0
      ? nil : UserStackKey(tgid: submitterTgid, stack: userStackNumber - 1)
  }

  /// ``userData`` in hexadecimal; nil if unknown.
  public var userDataText: String? {
    isUserDataKnown ? "0x" + String(userData, radix: 16) : nil
  }

  /// True if the request moves data and does not ask for a worker thread (IOSQE_ASYNC).
  package var movesDataUnasked: Bool {
    opcode.direction != .none && !SQEFlags(requestFlags: flags).contains(.async)
  }

  /// Whether ``sqe`` has the application's value of a field.
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
  /// The file is the one registered at the submission.
  static let ofSubmission = KnownFiles(rawValue: 8)
}

/// The file a request names.
public enum FileReference: Hashable, Sendable {
  /// A file descriptor of the submitter.
  case descriptor(Int32)
  /// An index into the ring's registered files.
  case fixed(UInt32)
}
