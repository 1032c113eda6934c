/// A group as the aggregator keeps it: plain numbers, no references.
struct GroupState: Listed {
  var id: RequestGroup.ID = 0
  var provider = GroupProvider.registered
  /// Of the provider, copied because every use of the buffer asks for them.
  var rules = GroupRules.slot
  var buffer = LentBuffer()
  var origin = BufferOrigin()
  /// Slot or bgid; nil if the buffer has none.
  var index: UInt32?
  /// May hold another group's buffer by now, see ``LendingTracker/slot(of:)``.
  var slot = Handle<BufferSlotState>.none
  var leader = RequestGroup.Leader()
  var members = GroupMembers()
  var times = GroupTimes()
  var end = GroupEnd()
  var conditions = GroupConditions()
  /// Whether there is a buffer at all is not known until a member uses it.
  var isTentative = false
  /// A command that takes it back is under way.
  var isBeingWithdrawn = false
  /// Neighbours in the list of groups that have not ended.
  var link = ListLink<GroupState>()

  var running: UInt64 { members.count &- members.doneCount }
}

struct GroupMembers {
  /// In order of submission, without those that were done long ago.
  var list = PoolList<MemberState>()
  /// Members that are done and still in the list.
  var keptDone: UInt32 = 0
  var count: UInt64 = 0
  var doneCount: UInt64 = 0
  var failedCount: UInt64 = 0
  var movedBytes: UInt64 = 0
  /// A member moves data by its opcode.
  var hasTransfer = false
  /// A member took data out of a stream.
  var hasConsumedStream = false
}

/// 0 where it has not happened.
struct GroupTimes {
  var start: UInt64 = 0
  var withdrawn: UInt64 = 0
  /// When a member was last done.
  var done: UInt64 = 0
}

struct GroupEnd {
  var isEnded = false
  var isLeaked = false
  var isAcknowledged = false
  /// The end was inferred, not observed.
  var isDerived = false
  var time: UInt64 = 0
  var tid: UInt32 = 0
  /// The watched function that gave it back, 0 if none.
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
  /// Its membership; may have been forgotten since, see ``LendingTracker/member(of:)``.
  var member = Handle<MemberState>.none
  var led = GroupReference.none
  /// The group whose buffer it takes away.
  var withdraws = GroupReference.none
  /// The ublk I/O that it completes with.
  var delivery: UblkTag?
}
