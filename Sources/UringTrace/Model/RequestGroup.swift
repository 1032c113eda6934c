/// A leader that makes a buffer available, the members that borrow the buffer, and the
/// acknowledgement that returns the buffer to its owner.
///
/// Plain data with a property for each fact that views and documents show.
public struct RequestGroup: Sendable {
  /// Number in order of first appearance, from 1, over all rings.
  public typealias ID = UInt64

  /// The stage of the buffer's loan.
  public enum State: UInt8, Sendable, CaseIterable {
    /// The leader is in progress; there is no buffer yet.
    case assembling
    /// The buffer is available, and no request has used it yet.
    case provided
    /// At least one member is running: ``RequestGroup/doneCount`` of ``RequestGroup/memberCount``
    /// are done.
    case borrowed
    /// All members are done, but the owner does not have the buffer back yet.
    case membersDone
    /// The owner has the buffer back.
    case givenBack
    /// The group ended without a buffer to give back, usually because its leader failed.
    case ended
    /// The ring was closed and the return of the buffer was never seen.
    case leaked

    /// True if the group has ended.
    public var isFinal: Bool { self == .givenBack || self == .ended || self == .leaked }
  }

  public var id: ID
  /// The ring whose table holds the buffer and whose requests are the members.
  public var ring: Ring.ID
  public var provider: GroupProvider
  public var state: State
  public var leader: Leader
  public var buffer: GroupBuffer
  /// Members in order of submission: all that are running, and the most recent ones of those that
  /// are done. ``droppedMembers`` older members are left out.
  public var members: [Member]
  /// Number of members so far.
  public var memberCount: UInt64
  /// Number of members that are done, and number of those that failed.
  public var doneCount: UInt64
  public var failedCount: UInt64
  /// Bytes moved by all members.
  public var movedBytes: UInt64
  /// First appearance; nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64
  /// Time at which the buffer became available; 0 if it has not or the time is unknown.
  public var providedTime: UInt64
  /// Time at which the owner withdrew the buffer (unregistered, updated or committed): afterwards
  /// no new member can borrow it. 0 if the buffer was not withdrawn.
  public var withdrawnTime: UInt64
  /// Time at which a member last ended; 0 if none has.
  public var membersDoneTime: UInt64
  /// The return of the buffer to its owner; nil if it has not returned.
  public var acknowledgement: Acknowledgement?
  /// The group's faults.
  public var conditions: GroupConditions

  public var droppedMembers: UInt64 { memberCount - UInt64(members.count) }

  /// Number of members still running.
  public var borrowerCount: UInt64 { memberCount - doneCount }

  /// The oldest member still running: it holds the buffer.
  public var holder: Member? { members.first { !$0.isDone } }

  /// Time at which the group ended; 0 if it has not.
  public var endTime: UInt64 { acknowledgement?.time ?? (state.isFinal ? membersDoneTime : 0) }
}

extension RequestGroup {
  /// The request or call that made the buffer available.
  public struct Leader: Hashable, Sendable {
    /// The request; 0 if the leader was an `io_uring_register` call, or is unknown.
    public var request: Request.ID = 0
    /// The request's ring, which may differ from the buffer's ring; 0 without a request.
    public var ring: Ring.ID = 0
    public var opcode = Opcode(rawValue: UInt8.max)
    public var userData: UInt64 = 0
    /// The call that registered the buffer; nil if a request did, or the buffer is older than
    /// uringtop.
    public var registerOpcode: RegisterOpcode?
    /// The driver's command (`cmd_op`) of a URING_CMD, else 0; ``GroupProvider/commandName(_:)``
    /// names it.
    public var command: UInt32 = 0
    /// Thread that submitted the request or made the call, and its process; 0 if unknown.
    public var tid: UInt32 = 0
    public var tgid: UInt32 = 0
    /// Time of the submission or call; nanoseconds, CLOCK_MONOTONIC; 0 if unknown.
    public var startTime: UInt64 = 0
    /// Time at which the request or call ended; 0 if it has not.
    public var endTime: UInt64 = 0
    /// Meaningful if ``hasResult``.
    public var result: Int32 = 0
    public var hasResult = false

    /// True if the leader is known. The leaders of buffers older than uringtop are not.
    public var isKnown: Bool { request != 0 || registerOpcode != nil }

    public init() {}
  }

  /// A request that uses the buffer.
  public struct Member: Hashable, Sendable {
    public var request: Request.ID = 0
    public var opcode = Opcode(rawValue: UInt8.max)
    public var userData: UInt64 = 0
    public var tid: UInt32 = 0
    /// Result of the member's last CQE, meaningful if ``hasResult``.
    public var result: Int32 = 0
    /// Time of submission; nanoseconds, CLOCK_MONOTONIC.
    public var startTime: UInt64 = 0
    /// Time at which the member released the buffer (for a zero-copy send, at its notification); 0
    /// while the member is running.
    public var endTime: UInt64 = 0
    /// Offset of the first byte that the member uses, from the start of the buffer.
    public var offset: UInt64 = 0
    /// Bytes requested; 0 if the SQE does not contain the number (vectored).
    public var askedBytes: UInt64 = 0
    /// Bytes moved so far.
    public var movedBytes: UInt64 = 0
    /// Provided buffers: id of the buffer that the kernel chose; nil while it has chosen none.
    public var bufferID: UInt16?
    public var hasResult = false
    /// True if the member was cancelled because the group's leader or chain failed.
    public var isCancelled = false
    /// True if the kernel's pointers showed that the member uses this buffer; false if only the
    /// index in the SQE does.
    public var isConfirmed = false

    public var isDone: Bool { endTime != 0 }
    public var isShort: Bool {
      hasResult && result >= 0 && isDone && askedBytes > 0 && movedBytes < askedBytes
    }

    public init() {}
  }

  /// The return of the buffer to its owner.
  public struct Acknowledgement: Hashable, Sendable {
    /// Symbol of the function that gave the buffer back, or name of the CQE flag that showed its
    /// return; empty if unknown.
    public var callback: String
    /// Nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64
    /// The thread in which the callback ran; 0 if unknown.
    public var tid: UInt32
    /// True if the return was inferred from tracepoints and the ring's table, not observed.
    public var isDerived: Bool

    public init(callback: String, time: UInt64, tid: UInt32, isDerived: Bool) {
      self.callback = callback
      self.time = time
      self.tid = tid
      self.isDerived = isDerived
    }
  }
}

/// The buffer of a group.
public struct GroupBuffer: Hashable, Sendable {
  /// The direction in which members may move bytes.
  public enum Direction: UInt8, Sendable, CaseIterable {
    case unknown
    /// Into the buffer: the owner reads (a device's READ, ITER_DEST).
    case destination
    /// Out of the buffer: the owner writes (ITER_SOURCE).
    case source
    /// In both directions: the application's own memory.
    case both
  }

  /// Slot in the ring's table of registered buffers; nil for other buffers.
  public var index: UInt32?
  /// Provided buffers: the buffer group id; nil for other buffers.
  public var bgid: UInt16?
  /// User address; 0 for a kernel buffer, or if unknown.
  public var address: UInt64 = 0
  /// Bytes; 0 if unknown.
  public var length: UInt64 = 0
  /// Offset of the buffer in the provider's memory.
  public var offset: UInt64 = 0
  /// Segments (bio_vecs); 0 if unknown.
  public var segments: UInt32 = 0
  public var direction: Direction = .unknown
  /// True if a driver lends the kernel's memory; false for the application's memory.
  public var isKernel = false
  /// Tag of a registered resource: a CQE with the tag as `user_data` signals the release. 0 for
  /// none.
  public var tag: UInt64 = 0
  /// The kernel function that gives the buffer back (`ublk_io_release`); empty if unknown.
  public var release = ""
  /// `struct io_mapped_ubuf *`: identifies the buffer while it is registered. 0 if unknown.
  public var kernelAddress: UInt64 = 0
  /// The ublk I/O whose memory is lent; nil for other buffers.
  public var ublk: UblkIO?
  /// The FUSE request whose pages are lent; nil for other buffers.
  public var fuse: FuseRequest?

  public init() {}

  /// A FUSE request as its server receives it.
  public struct FuseRequest: Hashable, Sendable {
    public var queue: UInt32 = 0
    /// Id of the request, unique among the requests of one mount.
    public var unique: UInt64 = 0
    /// The file's id as the server assigned it: a number or an address.
    public var node: UInt64 = 0
    /// `FUSE_*`: 15 read, 16 write.
    public var operation: UInt32 = 0
    /// Offset in the file.
    public var offset: UInt64 = 0
    public var length: UInt32 = 0

    public init() {}

    public var operationName: String {
      switch operation {
      case 15: "read"
      case 16: "write"
      default: "op\(operation)"
      }
    }
  }

  /// The block request behind a ublk buffer.
  public struct UblkIO: Hashable, Sendable {
    /// Name of the disk (`ublkb0`); empty if unknown.
    public var device = ""
    public var queue: UInt16 = 0
    public var tag: UInt16 = 0
    /// `REQ_OP_*`: 0 read, 1 write, 2 flush, 3 discard, 9 write zeroes; 0xff if unknown.
    public var operation: UInt8 = 0xff
    /// First sector, in units of 512 bytes; nil for operations without one, such as a flush.
    public var sector: UInt64?
    public var length: UInt32 = 0

    public init() {}

    /// Converts the kernel's number of the first sector; nil for the largest number, which means
    /// none.
    package static func sector(_ number: UInt64) -> UInt64? { number == .max ? nil : number }

    /// The first sector as part of a phrase: " at sector 8". Empty if there is none.
    package var sectorText: String { sector.map { " at sector \($0)" } ?? "" }

    /// Name of the operation; empty if unknown.
    public var operationName: String {
      switch operation {
      case 0: "read"
      case 1: "write"
      case 2: "flush"
      case 3: "discard"
      case 5: "secure_erase"
      case 9: "write_zeroes"
      case 0xff: ""
      default: "op\(operation)"
      }
    }
  }
}
