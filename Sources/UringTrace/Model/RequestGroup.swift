/// A leader that made a buffer available, the members that borrow it, and the acknowledgement that gives
/// it back to its owner.
///
/// Plain data with a property for each fact that views and documents show.
public struct RequestGroup: Sendable {
  /// Number in order of first sight, from 1, over all rings.
  public typealias ID = UInt64

  /// Where the buffer is now.
  public enum State: UInt8, Sendable, CaseIterable {
    /// The leader is under way; there is no buffer yet.
    case assembling
    /// There, and nobody uses it now or has used it.
    case provided
    /// At least one member runs: ``RequestGroup/doneCount`` of ``RequestGroup/memberCount`` are done.
    case borrowed
    /// All members are done; the owner has not got it back.
    case membersDone
    /// The owner has it again.
    case givenBack
    /// The ring is gone and the buffer was never seen to be given back.
    case leaked

    /// Whether the group has ended.
    public var isFinal: Bool { self == .givenBack || self == .leaked }
  }

  public var id: ID
  /// The ring in whose table the buffer is, and whose requests are the members.
  public var ring: Ring.ID
  public var provider: GroupProvider
  public var state: State
  public var leader: Leader
  public var buffer: GroupBuffer
  /// In order of submission: all that run, and the last of those that are done
  /// (``droppedMembers`` older ones were dropped).
  public var members: [Member]
  /// Members ever.
  public var memberCount: UInt64
  /// Of those, how many are done, and how many of them failed.
  public var doneCount: UInt64
  public var failedCount: UInt64
  /// Bytes that the members moved, over all of them.
  public var movedBytes: UInt64
  /// First sight; nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64
  /// When the buffer became available, 0 if it has not or is not known.
  public var providedTime: UInt64
  /// When the owner took it back (unregistered, updated, committed): no new member can borrow it after
  /// this. 0 if not yet.
  public var withdrawnTime: UInt64
  /// When the last member so far was done, 0 if none was.
  public var membersDoneTime: UInt64
  /// nil while the owner has not got the buffer back.
  public var acknowledgement: Acknowledgement?
  /// Its faults.
  public var conditions: GroupConditions

  public var droppedMembers: UInt64 { memberCount - UInt64(members.count) }

  /// Members that still run.
  public var borrowerCount: UInt64 { memberCount - doneCount }

  /// The oldest member that still runs: who has the buffer.
  public var holder: Member? { members.first { !$0.isDone } }

  /// When the group ended, 0 while it has not.
  public var endTime: UInt64 { acknowledgement?.time ?? (state.isFinal ? membersDoneTime : 0) }
}

extension RequestGroup {
  /// The request or call that made the buffer available.
  public struct Leader: Hashable, Sendable {
    /// 0 if it was a call of `io_uring_register`, or is not known.
    public var request: Request.ID = 0
    /// The ring of the request: may be another one than the buffer's. 0 without request.
    public var ring: Ring.ID = 0
    public var opcode = Opcode(rawValue: UInt8.max)
    public var userData: UInt64 = 0
    /// The call that registered the buffer; nil where it was a request, or older than uringtop.
    public var registerOpcode: RegisterOpcode?
    /// The driver's command (`cmd_op`) of a URING_CMD, else 0; named by ``GroupProvider/commandName(_:)``.
    public var command: UInt32 = 0
    /// Thread that submitted the request or made the call, and its process; 0 if not known.
    public var tid: UInt32 = 0
    public var tgid: UInt32 = 0
    /// Submission or call; nanoseconds, CLOCK_MONOTONIC; 0 if not known.
    public var startTime: UInt64 = 0
    /// When it was done, 0 if it is not.
    public var endTime: UInt64 = 0
    /// Meaningful if ``hasResult``.
    public var result: Int32 = 0
    public var hasResult = false

    /// Whether anything is known of it. It is not for buffers older than uringtop.
    public var isKnown: Bool { request != 0 || registerOpcode != nil }

    public init() {}
  }

  /// A request that uses the buffer.
  public struct Member: Hashable, Sendable {
    public var request: Request.ID = 0
    public var opcode = Opcode(rawValue: UInt8.max)
    public var userData: UInt64 = 0
    public var tid: UInt32 = 0
    /// Of its last CQE, meaningful if ``hasResult``.
    public var result: Int32 = 0
    /// Submission; nanoseconds, CLOCK_MONOTONIC.
    public var startTime: UInt64 = 0
    /// When it let go of the buffer, 0 while it runs. For a zero-copy send that is its notification.
    public var endTime: UInt64 = 0
    /// First byte used, from the buffer's start.
    public var offset: UInt64 = 0
    /// Bytes it asked for; 0 where the SQE does not tell (vectored).
    public var askedBytes: UInt64 = 0
    /// Bytes it moved so far.
    public var movedBytes: UInt64 = 0
    /// Of a provided buffer, the one that was chosen; nil while none is.
    public var bufferID: UInt16?
    public var hasResult = false
    /// Ended as cancelled because the group's leader or chain failed.
    public var isCancelled = false
    /// The kernel's own pointers showed that it used this buffer. Otherwise the index in its SQE says so.
    public var isConfirmed = false

    public var isDone: Bool { endTime != 0 }
    public var isShort: Bool {
      hasResult && result >= 0 && isDone && askedBytes > 0 && movedBytes < askedBytes
    }

    public init() {}
  }

  /// The owner got the buffer back.
  public struct Acknowledgement: Hashable, Sendable {
    /// Symbol of the callback that gave it back, or the CQE flag that told; empty if not known.
    public var callback: String
    /// Nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64
    /// The thread in which the callback ran, 0 if not known.
    public var tid: UInt32
    /// Concluded from tracepoints and the ring's table, not observed.
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
  /// Which way the members may move bytes.
  public enum Direction: UInt8, Sendable, CaseIterable {
    case unknown
    /// Into the buffer: the owner reads (a device's READ, ITER_DEST).
    case destination
    /// Out of the buffer: the owner writes (ITER_SOURCE).
    case source
    /// Either: an application's own memory.
    case both
  }

  /// Slot in the ring's table of registered buffers; nil for others.
  public var index: UInt32?
  /// Provided buffers: the buffer group id; nil for others.
  public var bgid: UInt16?
  /// User address; 0 for a kernel buffer, or where not known.
  public var address: UInt64 = 0
  /// Bytes; 0 where not known.
  public var length: UInt64 = 0
  /// Where in the provider's memory it starts.
  public var offset: UInt64 = 0
  /// Segments (bio_vecs); 0 where not known.
  public var segments: UInt32 = 0
  public var direction: Direction = .unknown
  /// The kernel's memory, lent by a driver; else the application's.
  public var isKernel = false
  /// Tag of a registered resource: a CQE with it as `user_data` tells the release. 0 for none.
  public var tag: UInt64 = 0
  /// The kernel function that gives it back (`ublk_io_release`); empty where not known.
  public var release = ""
  /// `struct io_mapped_ubuf *`: identifies the buffer while it is registered. 0 where not known.
  public var kernelAddress: UInt64 = 0
  /// The ublk request that it belongs to.
  public var ublk: UblkIO?
  /// The FUSE request whose pages it is.
  public var fuse: FuseRequest?

  public init() {}

  /// A file system's request, as its server gets it.
  public struct FuseRequest: Hashable, Sendable {
    public var queue: UInt32 = 0
    /// Tells requests of a mount apart.
    public var unique: UInt64 = 0
    /// The file, as the server named it: a number or an address.
    public var node: UInt64 = 0
    /// `FUSE_*`: 15 read, 16 write.
    public var operation: UInt32 = 0
    /// In the file.
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
    /// Name of the disk (`ublkb0`), empty where not known.
    public var device = ""
    public var queue: UInt16 = 0
    public var tag: UInt16 = 0
    /// `REQ_OP_*`: 0 read, 1 write, 2 flush, 3 discard, 9 write zeroes; 0xff where not known.
    public var operation: UInt8 = 0xff
    /// In units of 512 bytes; nil for what has none, such as a flush.
    public var sector: UInt64?
    public var length: UInt32 = 0

    public init() {}

    /// The first sector by the kernel's number, which is the largest if there is none.
    package static func sector(_ number: UInt64) -> UInt64? { number == .max ? nil : number }

    /// " at sector 8", or empty.
    package var sectorText: String { sector.map { " at sector \($0)" } ?? "" }

    /// Name of the operation, empty where it is not known.
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
