extension Aggregator {
  /// What is known now.
  public mutating func snapshot() -> Snapshot {
    catchUp()
    var total = forgottenTotal
    var shown: [Ring] = []
    var latency: [OpcodeLatency] = []
    shown.reserveCapacity(Int(rings.count))
    for index in 0..<rings.end where !rings[index].isGone {
      total += RateCounters(rings[index].ring.counts)
      shown.append(ring(index, latency: &latency))
    }
    // Places of forgotten rings are used again, out of order.
    if lastRingID != rings.end {
      shown.sort { $0.id < $1.id }
      latency.sort { ($0.ring, $0.opcode.rawValue) < ($1.ring, $1.opcode.rawValue) }
    }
    return Snapshot(
      host: host, time: clock.now, recordCount: recordCount,
      damagedRecordCount: damagedRecordCount, lost: lost, rings: shown,
      requests: requestsInFlight(), recent: recentRequests(), chains: allChains(),
      groups: allGroups(), buffers: allBuffers(),
      latency: latency, events: events.events(),
      lastSecond: totalRates.lastSecond(total, clock: clock),
      lastMinute: totalRates.lastMinute(total, clock: clock),
      requestFlagNames: requestFlagNames, fileNames: fileNames, taskNames: taskNames,
      kernelStacks: kernelStacks, fileStates: fileStates, diskRequests: diskRequests,
      ublkSlots: ublkSlots, userStacks: userStacks)
  }

  private func ring(_ index: UInt32, latency: inout [OpcodeLatency]) -> Ring {
    let first = latency.count
    let id = rings[index].ring.id
    for opcode in 0..<256 {
      let place = rings[index].statistics[unchecked: opcode]
      if place != noIndex { latency.append(statistics[place].latency(ring: id)) }
    }
    var ring = rings[index].ring
    let counters = RateCounters(ring.counts)
    ring.lastSecond = rings[index].rates.lastSecond(counters, clock: clock)
    ring.lastMinute = rings[index].rates.lastMinute(counters, clock: clock)
    if let waiter = ring.waiter, waiter.tid == rings[index].lastWaitTid {
      ring.waiter?.minEvents = ring.lastWaitMinEvents
      ring.waiter?.since = ring.lastWaitTime
    }
    ring.sqPendingSince = rings[index].depth.sqPendingSince(ring.counts)
    ring.cqPendingSince = rings[index].depth.cqPendingSince(ring.counts, at: clock.now)
    ring.errnos.sort { ($1.count, $0.errno) < ($0.count, $1.errno) }
    let opcodes = latency[first...]
    if opcodes.count == 1 {
      ring.latency = opcodes[first].summary
    } else if opcodes.reduce(0, { $0 + $1.summary.count }) != ring.latency.count {
      ring.latency = mergedLatency(of: index)
      rings[index].ring.latency = ring.latency
    }
    return ring
  }

  private func mergedLatency(of ring: UInt32) -> LatencySummary {
    var merged = LatencyHistogram()
    var total: UInt64 = 0
    for opcode in 0..<256 where rings[ring].statistics[opcode] != noIndex {
      let place = rings[ring].statistics[opcode]
      merged.add(statistics[place].histogram)
      total &+= statistics[place].latencyTotal
    }
    return merged.summary(sum: total)
  }

  private func requestsInFlight() -> [Request] {
    Array(unsafeUninitializedCapacity: inFlightCount) { buffer, initialized in
      // Those that were there before were found later.
      if hasFound { copyInFlight(to: buffer, &initialized) { $0 < host.startTime } }
      copyInFlight(to: buffer, &initialized) { !hasFound || $0 >= host.startTime }
    }
  }

  private func copyInFlight(
    to buffer: UnsafeMutableBufferPointer<Request>, _ count: inout Int,
    where isWanted: (_ startTime: UInt64) -> Bool
  ) {
    var slot = links.first
    while slot != noIndex {
      if isWanted(slots[slot].request.startTime) {
        buffer.initializeElement(at: count, to: slots[slot].request)
        buffer[count].isSuspect = isSuspect(slot)
        count += 1
      }
      slot = links[slot].next
    }
  }

  private func recentRequests() -> [Request] {
    Array(unsafeUninitializedCapacity: history.count) { buffer, initialized in
      for age in 0..<history.count {
        buffer.initializeElement(at: age, to: slots[history[age: age]].request)
      }
      initialized = history.count
    }
  }

  private func allChains() -> [Chain] {
    var all: [Chain] = []
    for index in 0..<chains.end where chains[index].count > 0 {
      all.append(chain(index))
    }
    all.sort { $0.id < $1.id }
    return all
  }
}
