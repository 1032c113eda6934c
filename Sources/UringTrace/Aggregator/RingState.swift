/// A ring with what only the aggregator needs of it.
struct RingState {
  var ring: Ring
  /// Of the last record about it.
  var lastTime: UInt64 = 0
  /// All its requests are in the ``UserDataIndex``, because overflowed CQEs do not name theirs.
  var isIndexed = false
  /// Forgotten; its place may be taken.
  var isGone = false
  /// The chain that was last begun with a request nobody knows, and that request's address.
  var strangeChain = noIndex
  var strangeChainID: Chain.ID = 0
  var strangeTarget: UInt64 = 0
  /// Place in the pool of ``OpcodeStatistics`` by opcode.
  var statistics = InlineArray<256, UInt32>(repeating: noIndex)
  var rates = RateHistory()
  /// The first of its buffer slots and groups of provided buffers.
  var firstPlace = noIndex
  /// What its table of buffers holds is known: what is not there is empty.
  var isTableKnown = false
  /// The call that changed the table, while the slots are told.
  var tableCall: RegisterOpcode?
  /// The SQE group that takes members, with its id.
  var openSQEGroup = noIndex
  var openSQEGroupID: RequestGroup.ID = 0
  /// What its queues were when they were looked at last.
  var depth = QueueDepth()
  /// CPU time that the SQ thread had when it was looked at first, in milliseconds; 0 before.
  var sqThreadStart: UInt32 = 0
  /// Submissions tell who is in a group.
  var tellsSQEGroupRoles = false
  /// Thread of the last `io_uring_cqring_wait`.
  var lastWaitTid: UInt32 = 0

  init(_ ring: Ring) {
    self.ring = ring
  }
}

extension Ring {
  init(id: ID, address: UInt64, time: UInt64) {
    self.init(
      id: id, address: address, ownerTgid: 0, comm: "", descriptors: [], sqEntries: 0,
      cqEntries: 0, setupFlags: [], sqThreadTid: 0, registeredFiles: 0, registeredBuffers: 0,
      firstTime: time, closedTime: 0, isFound: true, counts: Counts(), inFlight: 0,
      lastSecond: Rates(), lastMinute: Rates(), latency: LatencySummary(), errnos: [],
      lastWaitMinEvents: 0, lastWaitTime: 0)
  }

  /// Counts an error. There are few different ones on a ring; strange ones count as 0.
  mutating func count(errno: Int32, times: UInt64 = 1) {
    for index in errnos.indices where errnos[index].errno == errno {
      errnos[index].count &+= times
      return
    }
    let isFull = errnos.count >= 256
    if isFull, errno != 0 {
      count(errno: 0, times: times)
    } else {
      errnos.append(ErrnoCount(errno: errno, count: times))
    }
  }
}

/// Not the address of a ring.
let noContext: UInt64 = 1
