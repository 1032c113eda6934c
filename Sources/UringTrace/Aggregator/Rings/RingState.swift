/// A ring, and the state of the ring that only the aggregator needs.
struct RingState: Listed {
  var ring: Ring
  /// Time of the last record about the ring.
  var lastTime: UInt64 = 0
  /// Time of the first scan of all rings that did not find this ring, and of the scan before it; 0
  /// if every scan found the ring.
  var missed: (time: UInt64, before: UInt64) = (0, 0)
  /// True if all the ring's requests are in the ``UserDataIndex``. They are added when the ring
  /// posts a CQE whose record does not name its request, such as an overflowed CQE.
  var isIndexed = false
  var rates = RateHistory()
  /// Index in the tracker's list of active rings; negative while the ring's counters do not change.
  var activeIndex: Int32 = -1
  /// True if the ring may have changed in the running second.
  var isTouched = false
  /// State of the ring's queues at the last scan.
  var depth = QueueDepth()
  /// CPU time of the SQ thread at the first scan, in milliseconds, for a ring that is older than
  /// the observation; else 0.
  var sqThreadStart: UInt32 = 0
  /// The counters of the SQ thread at its first record, which are subtracted from later ones; nil
  /// before that record.
  var sqThreadFirst: SQThreadWork?
  /// Ends of requests whose beginning was not observed.
  var strangers = StrangerEnds()
  /// True if an exact count of the ring's outstanding requests was read (`ring_balance` record).
  var hasBalance = false
  /// Thread of the last `io_uring_cqring_wait`.
  var lastWaitTid: UInt32 = 0
  /// Neighbours in the tracker's list of rings.
  var link = ListLink<RingState>()

  init(_ ring: Ring) {
    self.ring = ring
  }

  mutating func count(bytes: UInt64, _ direction: OpcodeProperties.Direction) {
    switch direction {
    case .none: break
    case .read: ring.counts.bytesRead &+= bytes
    case .write: ring.counts.bytesWritten &+= bytes
    }
  }

  /// The ring's counts, with a corrected `endedUnseen` (number of requests that ended unseen).
  ///
  /// The same end can be counted twice: first as an inferred end, and later by a `counts` record
  /// (``Aggregator/counts(_:_:)``). So `endedUnseen` is limited to the number of missing requests,
  /// which have begun, are not in flight, and are in no other count of ends. For a closed ring,
  /// `endedUnseen` is equal to that number, because all its requests have ended.
  var counts: Ring.Counts {
    var counts = ring.counts
    let found = counts.endedUnseen
    counts.endedUnseen = 0
    var totals = RequestTotals()
    totals.add(counts)
    totals.inFlight = UInt64(ring.inFlight)
    let isOver = ring.isClosed && ring.inFlight == 0
    counts.endedUnseen = isOver ? totals.missing : min(found, totals.missing)
    return counts
  }

  @inline(never)
  mutating func count(error result: Int32) {
    ring.counts.errors &+= 1
    ring.count(errno: ErrorNumber(result: result)?.rawValue ?? 0)
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

  /// Counts an error. A ring has few different errnos. If there are already 256 of them, a new one
  /// counts as errno 0.
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
