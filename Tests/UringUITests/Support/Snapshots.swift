import CRecord

@testable import UringTrace

/// Functions that make snapshots and their parts by hand. Their parameters give times in seconds
/// since `start`.
enum Make {
  static let start: UInt64 = 1_000_000_000_000

  static func snapshot(
    rings: [Ring] = [], requests: [Request] = [], recent: [Request] = [], chains: [Chain] = [],
    latency: [OpcodeLatency] = [], events: [Event] = [], at seconds: Double = 10
  ) -> Snapshot {
    var lastSecond = Rates()
    for ring in rings {
      lastSecond.submitted += ring.lastSecond.submitted
      lastSecond.completed += ring.lastSecond.completed
    }
    return Snapshot(
      host: HostDescription(
        kernel: "6.18.5", tier: "tracepoints", startTime: start,
        startRealtime: 1_700_000_000_000_000_000),
      time: start + UInt64(seconds * 1e9), recordCount: UInt64(seconds * 1000),
      damagedRecordCount: 0, lost: LossCounts(), rings: rings, requests: RequestList(requests),
      recent: RequestList(recent),
      chains: chains,
      latency: latency, events: events, lastSecond: lastSecond, lastMinute: lastSecond,
      requestFlagNames: [], fileNames: FileNames(), taskNames: [:])
  }

  static func ring(
    _ id: Ring.ID, pid: UInt32 = 4242, comm: String = "fio", fd: Int32 = 5, inFlight: UInt32 = 0,
    rate: Double = 0, errors: UInt64 = 0, p50: UInt64 = 0, p99: UInt64 = 0
  ) -> Ring {
    var counts = Ring.Counts()
    counts.errors = errors
    var rates = Rates()
    rates.submitted = rate
    rates.completed = rate
    var latency = LatencySummary()
    latency.count = p50 == 0 ? 0 : 1000
    latency.p50 = p50
    latency.p99 = p99
    return Ring(
      id: id, address: UInt64(id) << 12, ownerTgid: pid, comm: comm,
      descriptors: [.init(tgid: pid, fd: fd)], sqEntries: 128, cqEntries: 256,
      setupFlags: SetupFlags(rawValue: 0), sqThreadTid: 0, registeredFiles: 0,
      registeredBuffers: 0, firstTime: start, closedTime: 0, isFound: false, counts: counts,
      inFlight: inFlight, lastSecond: rates, lastMinute: rates, latency: latency, errnos: [],
      lastWaitMinEvents: 0, lastWaitTime: 0)
  }

  static func request(
    _ id: Request.ID, ring: Ring.ID = 1, opcode: UInt8 = 22, fd: Int32 = 7,
    state: Request.State = .submitted, startedAt seconds: Double = 1, userData: UInt64 = 0x1000,
    steps: [(Step.Kind, Double)] = [], result: Int32? = nil, chain: Chain.ID = 0, tid: UInt32 = 4243
  ) -> Request {
    var request = Request()
    request.id = id
    request.ring = ring
    request.opcode = Opcode(rawValue: opcode)
    request.state = state
    request.userData = userData
    request.submitterTid = tid
    request.submitterTgid = 4242
    request.startTime = start + UInt64(seconds * 1e9)
    request.isStartKnown = true
    request.isSQEKnown = true
    request.sqe.opcode = opcode
    request.sqe.fd = fd
    request.sqe.len = 4096
    request.sqe.off = id * 4096
    request.sqe.addr = 0x7f00_0000_0000 + id * 4096
    request.sqe.user_data = userData
    request.chain = chain
    if let result {
      request.result = result
      request.hasResult = true
      request.cqeCount = 1
      request.completerTid = 4250
    }
    let all: [(Step.Kind, Double)] = [(.submitted, seconds)] + steps
    for step in all {
      request.append(Step(time: start + UInt64(step.1 * 1e9), tid: tid, kind: step.0))
    }
    request.lastTime = start + UInt64((all.last?.1 ?? seconds) * 1e9)
    return request
  }

  static func latency(
    ring: Ring.ID = 1, opcode: UInt8, _ buckets: [(UInt64, UInt64)]
  ) -> OpcodeLatency {
    var summary = LatencySummary()
    summary.count = buckets.reduce(0) { $0 + $1.1 }
    func percentile(_ part: Double) -> UInt64 {
      var left = Double(summary.count) * part
      for bucket in buckets {
        left -= Double(bucket.1)
        if left <= 0 { return bucket.0 }
      }
      return buckets.last?.0 ?? 0
    }
    summary.p50 = percentile(0.5)
    summary.p90 = percentile(0.9)
    summary.p99 = percentile(0.99)
    summary.p999 = percentile(0.999)
    summary.max = buckets.last?.0 ?? 0
    summary.mean = Double(summary.p50)
    return OpcodeLatency(
      ring: ring, opcode: Opcode(rawValue: opcode), summary: summary,
      stageTotals: [0, 20_000_000, 5_000_000, 60_000_000, 1_000_000],
      buckets: buckets.map { .init(upperBound: $0.0, count: $0.1) })
  }

  static func event(
    _ kind: RecordKind, at seconds: Double, ring: Ring.ID = 1, request: Request.ID = 0,
    opcode: UInt8 = 22, value: Int64 = 0
  ) -> Event {
    Event(
      time: start + UInt64(seconds * 1e9), request: request, ring: ring, kind: kind,
      opcode: Opcode(rawValue: opcode), userData: 0x1000, value: value, tid: 4243, flags: 0)
  }
}
