import UringTrace

/// The input of rules: a snapshot arranged by ring, and the changes of each ring within a span of
/// time.
///
/// Rules about changes over time use ``counts(of:)`` and ``ended(on:)``, which cover the same span.
struct Evidence {
  let snapshot: Snapshot
  /// Length in nanoseconds of the span that the counts cover.
  let span: UInt64
  /// True if every request of the rings in view was recorded and no record was lost. A rule can
  /// then infer that a request without records does not exist.
  let isComplete: Bool
  /// True if neither a filter nor sampling leaves out requests of the rings in view. Records may
  /// still have been lost.
  private let recordsEveryRequest: Bool
  /// Rings in view, including closed ones.
  let rings: [Ring]

  /// The graph of waits; nil without a recent look at waits (a collection of what threads, files
  /// and requests wait for).
  let waits: WaitGraph?
  let deadlocks: [Deadlock]

  private let start: UInt64
  private let earlier: [Ring.ID: RingSample]
  /// Positions of each ring's requests in ``Snapshot/requests`` and ``Snapshot/recent``.
  private var inFlightPositions: [Ring.ID: [Int]] = [:]
  private var endedPositions: [Ring.ID: [Int]] = [:]
  /// ``Snapshot/recent`` as an array, because rules iterate over it many times.
  private let endedRequests: [Request]
  private var latencies: [LatencyKey: LatencySummary] = [:]

  private struct LatencyKey: Hashable {
    var ring: Ring.ID
    var opcode: Opcode
  }

  /// - Parameter earlier: counters of the rings at `start`. A ring without an entry was created
  ///   later.
  init(
    _ snapshot: Snapshot, since start: UInt64, earlier: [Ring.ID: RingSample],
    seesEveryRequest: Bool
  ) {
    self.snapshot = snapshot
    self.start = start
    self.earlier = earlier
    span = max(1, snapshot.time.since(start))
    rings = snapshot.rings
    // Avoids a copy if no ring is closed.
    openRings = rings.contains { $0.isClosed } ? rings.filter { !$0.isClosed } : rings
    recordsEveryRequest = seesEveryRequest && snapshot.host.sampling == 1
    isComplete = recordsEveryRequest && snapshot.lost.total == 0
    waits = WaitGraph(snapshot)
    deadlocks = recordsEveryRequest ? waits?.deadlocks() ?? [] : []
    inFlightPositions = Self.positions(in: snapshot.requests)
    endedPositions = Self.positions(in: snapshot.recent)
    endedRequests = Array(snapshot.recent)
    for latency in snapshot.latency {
      latencies[LatencyKey(ring: latency.ring, opcode: latency.opcode)] = latency.summary
    }
  }

  /// True if every request of the ring was recorded and no record was lost. A rule can then infer
  /// that a request without records does not exist on the ring.
  func isComplete(_ ring: Ring) -> Bool {
    recordsEveryRequest && snapshot.hasWholeHistory(of: ring)
  }

  /// Positions of each ring's requests. Consecutive requests are mostly of one ring, so each
  /// dictionary look-up serves a whole run of them.
  private static func positions(in requests: RequestList) -> [Ring.ID: [Int]] {
    var positions: [Ring.ID: [Int]] = [:]
    var first = 0
    while first < requests.count {
      let ring = requests.ring(at: first)
      var end = first + 1
      while end < requests.count, requests.ring(at: end) == ring { end += 1 }
      positions[ring, default: []].append(contentsOf: first..<end)
      first = end
    }
    return positions
  }

  let openRings: [Ring]

  /// Requests in flight on a ring, oldest first.
  func inFlight(on ring: Ring.ID) -> RequestList {
    snapshot.requests[positions: inFlightPositions[ring] ?? []]
  }

  /// The range of ended requests that a rule examines.
  enum Reach {
    /// Requests that ended within the span: for rates.
    case span
    /// All requests that are still known: for lasting conditions.
    case history
  }

  /// Calls `body` for each ended request of a ring that is still known, newest first. Does not copy
  /// the requests, because there are many.
  func forEachEnded(
    on ring: Ring.ID, within reach: Reach = .span, _ body: (borrowing Request) -> Void
  ) {
    let recent = endedRequests.span
    for position in endedPositions[ring] ?? []
    where reach == .history || recent[position].lastTime >= start {
      body(recent[position])
    }
  }

  /// True if all requests that have ended on a ring since a time are still known.
  func history(of ring: Ring, reaches time: UInt64) -> Bool {
    if let oldest = snapshot.recent.last, oldest.lastTime <= time { return true }
    return endedCount(on: ring.id, within: .history) >= ring.counts.completed
  }

  /// The time that a count of the ring's ended requests covers: `, in the last 51.2 ms only`.
  /// Empty if all requests that ended on the ring within the span are still known.
  func reach(on ring: Ring) -> String {
    if history(of: ring, reaches: start) { return "" }
    let oldest = snapshot.recent.last?.lastTime ?? snapshot.time
    return ", in the last \(Words.duration(max(1, snapshot.time.since(oldest)))) only"
  }

  /// Number of the ring's ended requests that are still known.
  func endedCount(on ring: Ring.ID, within reach: Reach = .span) -> UInt64 {
    var count: UInt64 = 0
    forEachEnded(on: ring, within: reach) { _ in count += 1 }
    return count
  }

  /// The ended requests of a ring for which `passes` returns true, newest first.
  func ended(
    on ring: Ring.ID, within reach: Reach = .span, where passes: (borrowing Request) -> Bool
  ) -> [Request] {
    let recent = endedRequests.span
    var found: [Request] = []
    for position in endedPositions[ring] ?? []
    where reach == .history || recent[position].lastTime >= start {
      if passes(recent[position]) { found.append(recent[position]) }
    }
    return found
  }

  /// The request with an ID, in flight or recent.
  func request(_ id: Request.ID) -> Request? {
    snapshot.request(id)
  }

  /// The counts of a ring within the span.
  func counts(of ring: Ring) -> Ring.Counts {
    earlier[ring.id].map { ring.counts.since($0.counts) } ?? ring.counts
  }

  /// Errors on a ring within the span, by positive errno.
  func errnos(of ring: Ring) -> [Ring.ErrnoCount] {
    guard let before = earlier[ring.id]?.errnos else { return ring.errnos }
    return ring.errnos.compactMap { error in
      let old = before.first { $0.errno == error.errno }?.count ?? 0
      return error.count > old
        ? Ring.ErrnoCount(errno: error.errno, count: error.count - old) : nil
    }
  }

  /// The chains of a ring that broke within the span.
  func chainBreaks(of ring: Ring) -> [ChainBreaks] {
    guard let before = earlier[ring.id]?.chainBreaks else { return ring.chainBreaks }
    return ring.chainBreaks.compactMap { breaks in
      let old = before.first { $0.kind == breaks.kind }
      let chains = breaks.chains.since(old?.chains ?? 0)
      let cancelled = breaks.cancelled.since(old?.cancelled ?? 0)
      return chains == 0
        ? nil : ChainBreaks(kind: breaks.kind, chains: chains, cancelled: cancelled)
    }
  }

  /// CPU time that a ring's SQ thread used within the span, in nanoseconds.
  func sqThreadTime(of ring: Ring) -> UInt64 {
    ring.sqThreadTime.since(earlier[ring.id]?.sqThreadTime ?? 0)
  }

  /// The work of a ring's SQ thread within the span.
  func sqThreadWork(of ring: Ring) -> SQThreadWork {
    ring.sqThreadWork.since(earlier[ring.id]?.sqThreadWork ?? SQThreadWork())
  }

  /// Nanoseconds of the span in which the ring existed, as far as is known.
  func life(of ring: Ring) -> UInt64 {
    let end = ring.isClosed ? ring.closedTime : snapshot.time
    return max(1, end.since(max(start, ring.firstTime)))
  }

  /// The part of the span that a ring's counts cover, as a phrase: `in 3.91 s`.
  func window(of ring: Ring) -> String { "in \(Words.duration(life(of: ring)))" }

  /// Latency of an opcode's requests on a ring from submission to completion, since the ring was
  /// first seen.
  func latency(_ opcode: Opcode, on ring: Ring.ID) -> LatencySummary? {
    latencies[LatencyKey(ring: ring, opcode: opcode)]
  }

  /// Nanoseconds since a time; 0 if the time is 0 or in the future.
  func age(since time: UInt64) -> UInt64 { time == 0 ? 0 : snapshot.time.since(time) }

  /// Nanoseconds from `time`, at which a state of the ring began, to the last scan that found the
  /// ring open. Later time does not count, because the ring can have been closed after the scan.
  func age(since time: UInt64, on ring: Ring) -> UInt64 {
    time == 0 ? 0 : min(ring.lastLook, snapshot.time).since(time)
  }

  /// The request in words: `READ 0x1001 on /tmp/data`.
  func words(_ request: Request) -> String {
    var text = request.opcode.name
    if let command = request.commandName { text += " (\(command))" }
    text += " " + (request.userDataText ?? "of unknown user_data")
    if let name = Words.file(of: request, in: snapshot) {
      text += request.inputIdentity == nil ? " on \(name)" : " from \(name)"
    } else {
      switch request.file {
      case .descriptor(let fd)?: text += " on fd \(fd)"
      case .fixed(let index)?: text += " on fixed file \(index)"
      case nil: break
      }
    }
    return text
  }
}

/// Counters of a ring at an earlier time, to compute changes.
struct RingSample: Sendable {
  var counts: Ring.Counts
  var errnos: [Ring.ErrnoCount]
  var chainBreaks: [ChainBreaks]
  var sqThreadTime: UInt64
  var sqThreadWork: SQThreadWork

  init(_ ring: Ring) {
    counts = ring.counts
    errnos = ring.errnos
    chainBreaks = ring.chainBreaks
    sqThreadTime = ring.sqThreadTime
    sqThreadWork = ring.sqThreadWork
  }
}

extension Ring.Counts {
  /// The counts since `earlier`.
  fileprivate func since(_ earlier: Ring.Counts) -> Ring.Counts {
    var counts = self
    counts.submitted &-= earlier.submitted
    counts.found &-= earlier.found
    counts.completed &-= earlier.completed
    counts.cqes &-= earlier.cqes
    counts.errors &-= earlier.errors
    counts.overflows &-= earlier.overflows
    counts.overflowed &-= earlier.overflowed
    counts.dropped &-= earlier.dropped
    counts.skipped &-= earlier.skipped
    counts.preparationFailures &-= earlier.preparationFailures
    counts.shortWrites &-= earlier.shortWrites
    counts.punted &-= earlier.punted
    counts.puntedTransfers &-= earlier.puntedTransfers
    counts.pollArmed &-= earlier.pollArmed
    // This count can decrease: the end of a request that was counted as unseen can be observed
    // later.
    counts.endedUnseen = counts.endedUnseen.since(earlier.endedUnseen)
    counts.unmatched &-= earlier.unmatched
    counts.auxiliary &-= earlier.auxiliary
    counts.ambiguous &-= earlier.ambiguous
    counts.bytesRead &-= earlier.bytesRead
    counts.bytesWritten &-= earlier.bytesWritten
    counts.unmeasured &-= earlier.unmeasured
    counts.waits &-= earlier.waits
    return counts
  }
}
