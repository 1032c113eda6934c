/// A group's state in the aggregator: plain numbers, no references.
struct GroupState: Listed {
  var id: RequestGroup.ID = 0
  var provider = GroupProvider.registered
  /// The provider's rules, copied because every use of the buffer reads them.
  var rules = GroupRules.slot
  var buffer = LentBuffer()
  var origin = BufferOrigin()
  /// Slot or bgid; nil if the buffer has neither.
  var index: UInt32?
  /// The buffer's slot; may hold another group's buffer by now, see ``LendingTracker/slot(of:)``.
  var slot = Handle<BufferSlotState>.none
  var leader = RequestGroup.Leader()
  var members = GroupMembers()
  var times = GroupTimes()
  var end = GroupEnd()
  var conditions = GroupConditions()
  /// True until a member's use shows that there is a buffer.
  var isTentative = false
  /// True while a command that withdraws the buffer is under way.
  var isBeingWithdrawn = false
  /// Neighbours in the list of groups that have not ended.
  var link = ListLink<GroupState>()

  var running: UInt64 { members.count &- members.doneCount }
}

struct GroupMembers {
  /// Members in order of submission, without those that ended long ago.
  var list = PoolList<MemberState>()
  /// Members that are done but still in ``list``.
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
  /// When a member last ended.
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
  /// The traced function that gave the buffer back; 0 if none.
  var function: UInt32 = 0
}

/// A member, in the list of its group.
struct MemberState: Listed {
  var group = Handle<GroupState>.none
  var member = RequestGroup.Member()
  var link = ListLink<MemberState>()
}

/// A reference to a group that may have been forgotten since; see ``LendingTracker/resolve(_:)``.
struct GroupReference {
  var group = Handle<GroupState>.none
  var id: RequestGroup.ID = 0

  static var none: Self { Self() }
}

/// A request's part in the lending of buffers.
struct RequestLending {
  /// The request's membership; may have been forgotten, see ``LendingTracker/member(of:)``.
  var member = Handle<MemberState>.none
  var led = GroupReference.none
  /// The group whose buffer the request withdraws.
  var withdraws = GroupReference.none
  /// The group that ``Request/group`` names, which may have been forgotten, and the request's part in it.
  var group = GroupReference.none
  var role = GroupRole.member
  /// The ublk I/O that the request's completion delivers.
  var delivery: UblkTag?
}
