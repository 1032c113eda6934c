import CRecord

/// A buffer in a slot of a ring's buffer table, or the buffer of a request group.
struct LentBuffer {
  var ring = Handle<RingState>.none
  var ringID: Ring.ID = 0
  /// The buffer's key (see ``key(_:ring:)``), which identifies the buffer; 0 if unknown.
  var key: UInt64 = 0
  var address: UInt64 = 0
  var length: UInt64 = 0
  var segments: UInt32 = 0
  var direction = GroupBuffer.Direction.unknown
  var isKernel = false
  /// Tag with which the application registered the buffer.
  var tag: UInt64 = 0
  /// Address of the release function.
  var release: UInt64 = 0
  /// Time at which the buffer was registered or otherwise became available; 0 if that was before
  /// the observation, or has not happened.
  var providedTime: UInt64 = 0

  /// Sets the fields that come from the kernel's `struct io_mapped_ubuf`. The ``tag`` is not in
  /// that structure.
  mutating func describe(_ buffer: record_buffer) {
    address = buffer.address
    length = buffer.length
    segments = buffer.segments
    direction = GroupBuffer.Direction(bits: buffer.direction)
    isKernel = buffer.is_kernel != 0
    release = buffer.release
  }

  /// The key of a registered buffer: the address of its `io_rsrc_node`, which is unique to each
  /// slot. Up to 6.12, where buffers have no nodes of their own, the key is computed from the
  /// buffer's address and the ring.
  static func key(_ buffer: record_buffer, ring: Handle<RingState>) -> UInt64 {
    key(node: buffer.node, buffer: buffer.buffer, ring: ring)
  }

  static func key(node: UInt64, buffer: UInt64, ring: Handle<RingState>) -> UInt64 {
    node != 0 ? node : buffer == 0 ? 0 : buffer &+ (UInt64(ring.index) &+ 1) << 48
  }

  /// True if ``key`` is the address of a node, not computed from a buffer's address and a ring.
  var hasNode: Bool { key >> 48 == 0xffff }
}

/// The driver's object that owns a kernel buffer's memory.
struct BufferOrigin {
  /// The argument of the release function; 0 if unknown.
  var priv: UInt64 = 0
  var kernelAddress: UInt64 = 0
  var offset: UInt64 = 0

  var isUblk = false
  var disk: Numbering<DiskName>.Number?
  var queue: UInt16 = 0
  var queueTag: UInt16 = 0
  var operation: UInt8 = 0xff
  var sector: UInt64 = 0
  var blockLength: UInt32 = 0

  /// Id of the FUSE request; 0 if the buffer is not FUSE's. For a FUSE request, the fields above
  /// hold its queue, its operation, its offset (``sector``) and its length (``blockLength``).
  var fuseUnique: UInt64 = 0
  var fuseNode: UInt64 = 0
}

/// A disk's name in the form in which records contain it: 32 bytes, padded with zeros.
struct DiskName: Hashable {
  private var words = InlineArray<4, UInt64>(repeating: 0)

  /// Nil if the record names no disk.
  init?(_ block: borrowing record_block) {
    withUnsafeBytes(of: block.disk) { bytes in
      for index in 0..<4 {
        words[index] = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      }
    }
    if words[0] == 0 { return nil }
  }

  static func == (one: DiskName, other: DiskName) -> Bool {
    (0..<4).allSatisfy { one.words[$0] == other.words[$0] }
  }

  func hash(into hasher: inout Hasher) {
    for index in 0..<4 { hasher.combine(words[index]) }
  }

  var text: String {
    withUnsafeBytes(of: words) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// A slot of a ring's table of buffers, or a group of provided buffers.
struct BufferSlotState: Listed {
  var kind = Buffer.Kind.registered
  /// Slot of a registered buffer, or bgid of provided buffers.
  var index: UInt32 = 0
  /// The group whose buffer the slot holds.
  var group = Handle<GroupState>.none
  /// True if the slot holds a buffer; false if the slot is known only because a request named it.
  var isFilled = false
  /// True while a series of `buffer_slot` records has not yet confirmed that the slot still holds a
  /// buffer.
  var isStale = false
  var buffer = LentBuffer()
  /// The kernel's reference count without the table's own reference; -1 if unknown.
  var references: Int32 = -1
  var sharers: UInt32 = 0
  var lastUseTime: UInt64 = 0
  var useCount: UInt64 = 0
  var provided = ProvidedBuffers()
  /// Neighbours in the ring's list of slots.
  var link = ListLink<BufferSlotState>()
}

/// The buffers of a group of provided buffers.
struct ProvidedBuffers {
  var count: UInt32 = 0
  /// Number of buffers ever provided; -1 if unknown.
  var provided: Int64 = -1
  var taken: Int64 = 0
  /// Time at which the number of buffers left was last read from the kernel; 0 if the number comes
  /// from events. For a buffer ring, a number read from the kernel is valid only until a request
  /// takes a buffer, because no event shows that the application has given a buffer back.
  var lookTime: UInt64 = 0
  /// Time at which a request last took a buffer.
  var takenTime: UInt64 = 0
  /// The entry of a buffer ring that the next request gets, as read at ``lookTime``.
  var head: ProvidedEntry?
  var twice: ProvidedTwice?
  var exhaustedCount: UInt64 = 0
}

extension GroupBuffer.Direction {
  init(bits: UInt8) {
    switch Int32(bits) & (RECORD_BUFFER_DESTINATION | RECORD_BUFFER_SOURCE) {
    case RECORD_BUFFER_DESTINATION: self = .destination
    case RECORD_BUFFER_SOURCE: self = .source
    case 0: self = .unknown
    default: self = .both
    }
  }
}
