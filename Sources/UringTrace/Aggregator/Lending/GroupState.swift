/// A request group's state in the aggregator: numbers and handles, no object references.
struct GroupState: Listed {
  var id: RequestGroup.ID = 0
  var provider = GroupProvider.registered
  /// The provider's rules, copied because every use of the buffer reads them.
  var rules = GroupRules.slot
  var buffer = LentBuffer()
  var origin = BufferOrigin()
  /// Slot of a registered buffer, or bgid of provided buffers; nil if the buffer has neither.
  var index: UInt32?
  /// The slot of the ring's buffer table that held the group's buffer. It may hold another group's
  /// buffer by now; see ``LendingTracker/slot(of:)``.
  var slot = Handle<BufferSlotState>.none
  var leader = RequestGroup.Leader()
  var members = GroupMembers()
  var times = GroupTimes()
  var end = GroupEnd()
  var conditions = GroupConditions()
  /// True if the group was begun for a ublk I/O whose block request is unknown. Such an I/O may
  /// have no buffer. Only the use by a member proves that there is one.
  var isTentative = false
  /// True while a command that withdraws the buffer is in flight.
  var isBeingWithdrawn = false
  /// Neighbours in the list of groups that have not ended.
  var link = ListLink<GroupState>()

  var running: UInt64 { members.count &- members.doneCount }
}

struct GroupMembers {
  /// Members in order of submission, without those that ``LendingTracker/dropOldestMember(of:)``
  /// has dropped.
  var list = PoolList<MemberState>()
  /// Number of members that are done but still in ``list``.
  var keptDone: UInt32 = 0
  var count: UInt64 = 0
  var doneCount: UInt64 = 0
  var failedCount: UInt64 = 0
  var movedBytes: UInt64 = 0
  /// True if a member's opcode moves data.
  var hasTransfer = false
  /// True if a member consumed data of a stream.
  var hasConsumedStream = false
}

/// Times of a group's events; 0 for an event that has not happened.
struct GroupTimes {
  var start: UInt64 = 0
  var withdrawn: UInt64 = 0
  /// Time at which a member last ended.
  var done: UInt64 = 0
}

struct GroupEnd {
  var isEnded = false
  var isLeaked = false
  var isAcknowledged = false
  /// True if the end was inferred, not observed.
  var isDerived = false
  var time: UInt64 = 0
  var tid: UInt32 = 0
  /// Number of the traced function that gave the buffer back (`ReleaseFunction`); 0 if none did.
  var function: UInt32 = 0
}

/// A member (a request that borrows the group's buffer), in the list of its group.
struct MemberState: Listed {
  var group = Handle<GroupState>.none
  var member = RequestGroup.Member()
  var link = ListLink<MemberState>()
}

/// A reference to a group that may have been forgotten since; see ``LendingTracker/resolve(_:)``.
struct GroupReference: BitwiseCopyable {
  var group = Handle<GroupState>.none
  var id: RequestGroup.ID = 0

  static var none: Self { Self() }
}

/// A request's part in the lending of buffers.
struct RequestLending: BitwiseCopyable {
  /// The request's membership in a group. It may have been forgotten; see
  /// ``LendingTracker/member(of:)``.
  var member = Handle<MemberState>.none
  var led = GroupReference.none
  /// The group whose buffer the request withdraws.
  var withdraws = GroupReference.none
  /// The group that ``Request/group`` names, which may have been forgotten, and the request's part
  /// in it.
  var group = GroupReference.none
  var role = GroupRole.member
  /// The ublk I/O that the request's completion delivers.
  var delivery: UblkTag?
}
