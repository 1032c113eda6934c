/// A group as the aggregator keeps it: plain numbers, no references.
struct GroupState {
  var id: RequestGroup.ID = 0
  /// Number in the pool of rings.
  var ring = noIndex
  var ringID: Ring.ID = 0
  var provider = GroupProvider.registered
  /// One transfer and then back, as opposed to buffers that are used again and again.
  var isOneTransfer = false
  var isEnded = false
  var isLeaked = false
  var isKernel = false
  var hasAcknowledgement = false
  var isDerived = false
  /// Whether there is a buffer at all is not known until a member uses it.
  var isTentative = false
  /// A command that takes it back is under way.
  var isBeingWithdrawn = false
  var conditions = GroupConditions()

  /// Neighbours in ``GroupTables/alive``.
  var previous = noIndex
  var next = noIndex

  /// Numbers in the pool of members, in order of submission.
  var firstMember = noIndex
  var lastMember = noIndex
  /// Members that are done and still in the list.
  var keptDone: UInt32 = 0
  var memberCount: UInt64 = 0
  var doneCount: UInt64 = 0
  var failedCount: UInt64 = 0
  var movedBytes: UInt64 = 0
  /// Some member took data out of a stream.
  var hasConsumedStream = false

  var startTime: UInt64 = 0
  var providedTime: UInt64 = 0
  var withdrawnTime: UInt64 = 0
  var doneTime: UInt64 = 0
  var acknowledgedTime: UInt64 = 0
  var acknowledgedTid: UInt32 = 0
  /// What gave it back, in the order of preference: a function that was watched, else the buffer's own.
  var releaseFunction: UInt32 = 0

  var leader = RequestGroup.Leader()

  /// Number in the pool of buffer slots, ``noIndex`` if it is of none.
  var place = noIndex
  var index: UInt32?
  /// Identifies the buffer, see ``GroupTables/key(node:buffer:ring:)``; 0 while not known.
  var key: UInt64 = 0
  /// What the release function gets; 0 where not known.
  var priv: UInt64 = 0
  var kernelAddress: UInt64 = 0
  var address: UInt64 = 0
  var length: UInt64 = 0
  var offset: UInt64 = 0
  var segments: UInt32 = 0
  var direction = GroupBuffer.Direction.unknown
  var tag: UInt64 = 0
  /// Address of the release function.
  var release: UInt64 = 0

  var isUblk = false
  /// Number of the disk's name, ``noIndex`` if not known.
  var disk = noIndex
  var queue: UInt16 = 0
  var queueTag: UInt16 = 0
  var operation: UInt8 = 0xff
  var sector: UInt64 = 0
  var blockLength: UInt32 = 0

  /// FUSE: never 0 for a request. Its queue, operation, offset and length are those above.
  var fuseUnique: UInt64 = 0
  var fuseNode: UInt64 = 0

  var running: UInt64 { memberCount &- doneCount }
}

/// A member, in the list of its group.
struct MemberState {
  /// Numbers in their pools.
  var group = noIndex
  var slot = noIndex
  var previous = noIndex
  var next = noIndex
  var member = RequestGroup.Member()
}

/// A slot of a ring's table of buffers, or a group of provided buffers.
struct BufferSlotState {
  /// Number in the pool of rings.
  var ring = noIndex
  var ringID: Ring.ID = 0
  var kind = Buffer.Kind.registered
  /// Slot or bgid.
  var index: UInt32 = 0
  /// The ring's next one.
  var next = noIndex
  /// The group of which it holds the buffer; ``noIndex`` if none.
  var group = noIndex
  /// There is a buffer in it. Not so while only a request has named it.
  var isFilled = false
  /// Not yet found again while the table is being read.
  var isStale = false
  /// See ``GroupTables/key(node:buffer:ring:)``.
  var key: UInt64 = 0
  var address: UInt64 = 0
  var length: UInt64 = 0
  var segments: UInt32 = 0
  var direction = GroupBuffer.Direction.unknown
  var isKernel = false
  var tag: UInt64 = 0
  var release: UInt64 = 0
  var references: Int32 = -1
  var sharers: UInt32 = 0
  var registeredTime: UInt64 = 0
  var lastUseTime: UInt64 = 0
  var useCount: UInt64 = 0
  /// Provided: how many there are, how many were provided and taken. -1: not known.
  var bufferCount: UInt32 = 0
  var provided: Int64 = -1
  var taken: Int64 = 0
  /// When the kernel was asked how many are left, 0 if it was not: of a buffer ring that holds until one is
  /// taken, as no event tells when the application gives one back.
  var lookTime: UInt64 = 0
  var exhaustedCount: UInt64 = 0
}

/// What a ublk queue's tag does.
struct UblkTagState {
  var isUsed = false
  /// The block request, as the last delivery told; `request` 0 if it did not.
  var request: UInt64 = 0
  var disk = noIndex
  var operation: UInt8 = 0xff
  var sector: UInt64 = 0
  var length: UInt32 = 0
  /// The command that delivered.
  var leader = RequestGroup.Leader()
  /// The slot named for automatic registration, if it is one; ``noIndex`` if not.
  var index = noIndex
  var isAutomatic = false
  /// UBLK_IO_FLAG_* when it was delivered, 0 where not known.
  var ioFlags: UInt32 = 0
  /// The group of the last delivery, with its id: the place may be another's by now.
  var group = noIndex
  var groupID: RequestGroup.ID = 0
}
