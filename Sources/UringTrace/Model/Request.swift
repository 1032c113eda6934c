/// One request: an `io_kiocb` from its submission to its end.
///
/// Plain data with a property for each fact that views, documents and findings show. These include
/// the properties of ``Core`` and ``Extra``, which the aggregator stores separately.
@dynamicMemberLookup
public struct Request: Sendable, BitwiseCopyable {
  /// Number in order of first appearance, from 1, over all rings.
  public typealias ID = UInt64

  /// The state of a request.
  public enum State: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Submitted to the kernel, and no event since. Requests without a file stay in this state
    /// until an inventory walk (BPF iterator over kernel structures) finds them on a list.
    case submitted
    /// Held back by a drain.
    case deferred
    /// Behind another request of its chain.
    case linked
    /// Issued: on a disk, with a driver, or waiting without an event (TIMEOUT, FUTEX_WAIT,
    /// URING_CMD…). POLL_ADD stays in this state until a walk finds its poll armed.
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
    /// Ended without a CQE, as requested by IOSQE_CQE_SKIP_SUCCESS.
    case skipped
    /// Ended, but no event showed how.
    case ended

    /// True if the request has ended.
    public var isFinal: Bool { self.rawValue >= State.completed.rawValue }
  }

  @usableFromInline package var core = Core()
  @usableFromInline package var extra = Extra()
  /// True if the request seems to be in flight, but records were lost since its last event: it may
  /// have ended.
  public var isSuspect: Bool = false
  /// The kernel structure in which an inventory walk last found the request; ``Place/unknown`` once
  /// an event shows that the request has moved on.
  public var place: Place = .unknown
  /// The worker thread that executes the request while ``place`` is ``Place/workerRunning``.
  public var workerTid: UInt32 = 0
  /// Time at which a timeout fires; nanoseconds, CLOCK_MONOTONIC, 0 if unknown. Meaningful while
  /// ``place`` is ``Place/timeout`` or ``Place/linkTimeout``.
  public var expiryTime: UInt64 = 0
  private var files = RequestFiles()

  package init() {}

  init(_ core: Core, _ extra: Extra, _ sighting: Sighting) {
    self.core = core
    self.extra = extra
    place = sighting.place(lastEvent: core.lastTime)
    workerTid = sighting.workerTid
    expiryTime = sighting.expiryTime
    files = sighting.files
    if place != .unknown, place.isReachedUnseen(from: core.state) {
      self.core.state = place.state
    }
    if core.pollEvents == 0 { self.core.pollEvents = sighting.pollEvents }
  }

  // These accessors are inlined, so that they cost no more than access to a stored property.

  @inlinable
  public subscript<Fact>(dynamicMember fact: KeyPath<Core, Fact>) -> Fact {
    @inline(__always) get { core[keyPath: fact] }
  }

  @inlinable
  public subscript<Fact>(dynamicMember fact: WritableKeyPath<Core, Fact>) -> Fact {
    @inline(__always) get { core[keyPath: fact] }
    @inline(__always) set { core[keyPath: fact] = newValue }
  }

  @inlinable
  public subscript<Fact>(dynamicMember fact: WritableKeyPath<Extra, Fact>) -> Fact {
    @inline(__always) get { extra[keyPath: fact] }
    @inline(__always) set { extra[keyPath: fact] = newValue }
  }

  /// Steps so far in order of time. If there were more than the list can hold, its last entry is
  /// the latest step, and the ``droppedSteps`` steps before that entry were dropped.
  public var steps: StepList {
    StepList(first: core.firstSteps, later: extra.laterSteps, total: core.stepCount)
  }

  public var droppedSteps: Int { Int(core.stepCount) - steps.count }

  /// Adds a step. If the list is full, the step replaces its last entry.
  package mutating func append(_ step: Step) {
    if core.stepCount < StepList.firstCount {
      core.firstSteps[Int(core.stepCount)] = step
    } else {
      extra.laterSteps[StepList.laterIndex(of: core.stepCount)] = step
    }
    core.stepCount &+= 1
  }

  /// The file that the kernel assigned to the request; nil before the request is issued, and in old
  /// recordings.
  public var fileIdentity: FileIdentity? { files.file }

  package mutating func setFile(_ file: FileIdentity) { files.set(file) }

  /// The file that SPLICE or TEE reads from; ``fileIdentity`` is the file that it writes to.
  public var inputIdentity: FileIdentity? { files.known.contains(.input) ? extra.input : nil }

  /// True if ``inputIdentity`` was not observed: it is the file to which the input descriptor in
  /// the SQE referred when the last inventory ran.
  public var isInputDerived: Bool { files.known.contains(.derivedInput) }

  /// The SQE's flags. For a request found in flight, whose SQE is unknown, they are derived from
  /// the kernel's flags of the request, without ASYNC and DRAIN: the kernel also sets these itself,
  /// ASYNC in `io_fsync_prep()` and others, DRAIN in `io_init_drain()` for a chain's head
  /// (io_uring/sync.c, io_uring/io_uring.c).
  public var sqeFlags: SQEFlags {
    core.isSQEKnown
      ? SQEFlags(rawValue: core.sqe.flags)
      : SQEFlags(requestFlags: core.flags).subtracting([.async, .drain])
  }

  /// Text to put before ``age(at:)`` in a sentence: "more than " if the submission was not seen,
  /// because the request is then older than its first event.
  package var boundOfAge: String { self.isStartKnown ? "" : "more than " }

  /// Nanoseconds from the submission to `now` or, for an ended request, to its end.
  public func age(at now: UInt64) -> UInt64 {
    (core.state.isFinal ? core.lastTime : now).since(core.startTime)
  }

  /// Key of the request's stack in ``Snapshot/userStacks``; nil if no stack was taken.
  public var userStackKey: UserStackKey? {
    core.userStackNumber == 0
      ? nil : UserStackKey(tgid: core.submitterTgid, stack: core.userStackNumber - 1)
  }

  /// ``Core/userData`` in hexadecimal; nil if unknown.
  public var userDataText: String? {
    core.isUserDataKnown ? "0x" + String(core.userData, radix: 16) : nil
  }

  /// True if ``Core/sqe`` has the application's value of a field.
  public func knows(_ field: SQEKnowledge) -> Bool { core.knows(field) }
}

/// The file that a request names in its SQE.
public enum FileReference: Hashable, Sendable {
  /// A file descriptor of the submitter.
  case descriptor(Int32)
  /// An index into the ring's registered files.
  case fixed(UInt32)
}
