import CRecord

/// A buffer: as a slot of a ring's table holds it, and as a group borrows it.
struct LentBuffer {
  var ring = Handle<RingState>.none
  var ringID: Ring.ID = 0
  /// Identifies the buffer, see ``key(_:ring:)``; 0 while not known.
  var key: UInt64 = 0
  var address: UInt64 = 0
  var length: UInt64 = 0
  var segments: UInt32 = 0
  var direction = GroupBuffer.Direction.unknown
  var isKernel = false
  /// As the application registered it.
  var tag: UInt64 = 0
  /// Address of the release function.
  var release: UInt64 = 0
  /// When it was registered or otherwise became available; 0 if before the start, or not yet.
  var providedTime: UInt64 = 0

  /// Sets what the kernel's structure shows, except ``tag``.
  mutating func describe(_ buffer: record_buffer) {
    address = buffer.address
    length = buffer.length
    segments = buffer.segments
    direction = GroupBuffer.Direction(bits: buffer.direction)
    isKernel = buffer.is_kernel != 0
    release = buffer.release
  }

  /// The key of a registered buffer: its node, of which each slot has its own; up to 6.12 the buffer in its
  /// ring.
  static func key(_ buffer: record_buffer, ring: Handle<RingState>) -> UInt64 {
    key(node: buffer.node, buffer: buffer.buffer, ring: ring)
  }

  static func key(node: UInt64, buffer: UInt64, ring: Handle<RingState>) -> UInt64 {
    node != 0 ? node : buffer == 0 ? 0 : buffer &+ (UInt64(ring.index) &+ 1) << 48
  }

  /// The key is a node's address, and not made of a buffer's and a ring.
  var hasNode: Bool { key >> 48 == 0xffff }
}

/// The driver's object whose memory a kernel buffer is.
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

  /// FUSE: never 0 for a request. Its queue, operation, offset and length are those above.
  var fuseUnique: UInt64 = 0
  var fuseNode: UInt64 = 0
}

/// A disk's name as a record has it.
struct DiskName: Hashable {
  private var words = InlineArray<4, UInt64>(repeating: 0)

  /// Nil if the record names none.
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
  /// Slot or bgid.
  var index: UInt32 = 0
  /// The group whose buffer it holds.
  var group = Handle<GroupState>.none
  /// There is a buffer in it. Not so while only a request has named it.
  var isFilled = false
  /// Not yet found again while the table is being read.
  var isStale = false
  var buffer = LentBuffer()
  /// References as the kernel counts them, without the table's own; -1: not known.
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
  /// How many were ever provided; -1: not known.
  var provided: Int64 = -1
  var taken: Int64 = 0
  /// When the kernel was asked how many are left, 0 if it was not. Of a buffer ring that holds until one is
  /// taken, as no event reports that the application gave one back.
  var lookTime: UInt64 = 0
  /// When a request took one last.
  var takenTime: UInt64 = 0
  /// The next entry of a buffer ring, at the look.
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
