extension Aggregator {
  /// Makes a snapshot of the current state.
  ///
  /// - Parameter withEvents: false leaves ``Snapshot/events`` empty, for callers that take
  ///   snapshots often and need no events.
  public mutating func snapshot(withEvents: Bool = true) -> Snapshot {
    catchUp()
    var shown: [Ring] = []
    var latency: [OpcodeLatency] = []
    shown.reserveCapacity(rings.count)
    for handle in rings.handles { shown.append(ring(handle, latency: &latency)) }
    let rates = rings.rates(clock)
    let lists = requests.lists(rings.inFlightCount, observedSince: host.startTime)
    let kept = chains.all(requests)
    count(broken: kept, on: &shown)
    var snapshot = Snapshot(
      host: host, time: clock.now, recordCount: stream.records,
      damagedRecordCount: stream.damaged, lost: stream.lost, rings: shown,
      requests: lists.inFlight, recent: lists.ended, chains: kept,
      groups: lending.allGroups(now: clock.now), buffers: lending.allBuffers(),
      latency: latency, events: withEvents ? events.events() : [], lastSecond: rates.lastSecond,
      lastMinute: rates.lastMinute, requestFlagNames: names.requestFlags,
      fileNames: names.fileNames, taskNames: names.taskNames)
    snapshot.lossTime = requests.lossTime
    snapshot.processCgroups = names.processCgroups
    inventory.describe(&snapshot)
    snapshot.waits = waits.facts
    calls.describe(&snapshot)
    snapshot.memoryChanges = memory.changes.entries
    snapshot.workerPools = waits.pools.values.sorted { $0.tgid < $1.tgid }
    snapshot.totals = totals
    if roles.isOn { snapshot.roles = currentRoles() }
    return snapshot
  }

  /// Adds the broken chains that are still kept to the counts of broken chains of their rings.
  /// These counts contain only broken chains that were forgotten.
  private func count(broken kept: [Chain], on rings: inout [Ring]) {
    guard !kept.isEmpty else { return }
    let places = Dictionary(uniqueKeysWithValues: rings.indices.map { (rings[$0].id, $0) })
    for chain in kept where chain.brokenBy != 0 {
      if let place = places[chain.ring] { rings[place].chainBreaks.count(chain) }
    }
  }

  private mutating func ring(
    _ handle: Handle<RingState>, latency: inout [OpcodeLatency]
  ) -> Ring {
    let first = latency.count
    var ring = rings[handle].ring
    ring.counts = rings[handle].counts
    ring.hasProvidedBuffers = lending[handle].hasProvidedBuffers
    ring.lastWaitTid = rings[handle].lastWaitTid
    statistics.appendLatencies(
      of: handle, id: ring.id, second: clock.second, to: &latency)
    let counters = RateCounters(ring.counts)
    ring.lastSecond = rings[handle].rates.lastSecond(counters, clock: clock)
    ring.lastMinute = rings[handle].rates.lastMinute(counters, clock: clock)
    if let waiter = ring.waiter, waiter.tid == rings[handle].lastWaitTid {
      ring.waiter?.minEvents = ring.lastWaitMinEvents
      ring.waiter?.since = ring.lastWaitTime
    }
    ring.firstLook = rings[handle].depth.firstTime
    ring.lastLook = lastLook(at: handle)
    ring.sqPendingSince = rings[handle].depth.sqPendingSince(ring.counts)
    ring.cqPendingSince = rings[handle].depth.cqPendingSince(
      ring.counts, entries: ring.cqEntries, at: clock.now)
    ring.errnos.sort { ($1.count, $0.errno) < ($0.count, $1.errno) }
    let opcodes = latency[first...]
    if opcodes.count == 1 {
      ring.latency = opcodes[first].summary
    } else if opcodes.reduce(0, { $0 + $1.summary.count }) != ring.latency.count {
      ring.latency = statistics.mergedLatency(of: handle)
      rings[handle].ring.latency = ring.latency
    }
    return ring
  }
}

extension Aggregator {
  /// Time at which a scan of all rings last found a ring.
  private func lastLook(at ring: Handle<RingState>) -> UInt64 {
    // In a recording without `ring_scan` records, a scan that finds no change leaves no record. The
    // ring then counts as found until now.
    guard lastScan != 0 else { return clock.now }
    let (missed, depth) = (rings[ring].missed, rings[ring].depth.time)
    return max(depth, missed.time > depth ? missed.before : lastScan)
  }
}

extension RequestTracker {
  /// The requests in flight, oldest first, and the ended requests that are kept, newest first.
  ///
  /// - Parameters:
  ///   - expected: expected number of requests in flight; reserves capacity.
  ///   - start: start of the observation. Older requests were found only later, by inventory walks
  ///     (BPF iterators), so the tracker's list can have them behind younger requests.
  fileprivate mutating func lists(
    _ expected: Int, observedSince start: UInt64
  ) -> (inFlight: RequestList, ended: RequestList) {
    var handles: [Handle<RequestSlot>] = []
    handles.reserveCapacity(expected)
    if hasFound { append(to: &handles) { $0 < start } }
    append(to: &handles) { !hasFound || $0 >= start }
    let shared = SharedRequests(slots.share(), extras.share(), sightings)
    return (
      RequestList(shared, handles, lossTime: lossTime),
      RequestList(shared, ended: (0..<history.count).map { history[age: $0] })
    )
  }

  private func append(
    to handles: inout [Handle<RequestSlot>], where isWanted: (_ startTime: UInt64) -> Bool
  ) {
    forEachInFlight { handle, slot in
      if isWanted(slot.request.startTime) { handles.append(handle) }
      return true
    }
  }
}
