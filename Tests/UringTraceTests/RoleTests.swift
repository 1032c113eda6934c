import Testing

@testable import UringTrace

/// Tests of roles: counts by process name, cgroup and opcode.
@Suite struct RoleTests {
  private static func limits(_ roles: Int = 10, closedRings: Int = 64) -> Aggregator.Limits {
    var limits = Aggregator.Limits()
    limits.roles = roles
    limits.closedRings = closedRings
    return limits
  }

  private func roles(_ stream: RecordStream, _ limits: Aggregator.Limits = limits()) -> Roles {
    var aggregator = stream.replay(limits: limits)
    aggregator.advance(to: stream.time + 10_000_000_000)
    return aggregator.snapshot().roles ?? Roles()
  }

  @Test func nothingIsCountedUnlessSomebodyAsks() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1)
    stream.complete(1)
    #expect(stream.snapshot().roles == nil)
  }

  @Test func countsStayWhenRingsAreForgotten() throws {
    var stream = RecordStream()
    for ring in 1...20 as ClosedRange<UInt64> {
      stream.create(ring)
      for request in 1...5 {
        stream.submit(request, "READ", ring: ring)
        stream.complete(request, request == 1 ? -5 : 100)
      }
      stream.ringClosed(ring)
    }
    let roles = roles(stream, Self.limits(closedRings: 1))
    let role = try #require(roles.all.first)
    #expect(roles.all.count == 1 && roles.folded == 0)
    #expect(role.counts.submitted == 100 && role.counts.completed == 100)
    #expect(role.counts.cqes == 100 && role.counts.bytesRead == 80 * 100)
    #expect(role.errnos.map(\.errno) == [5] && role.errnos.map(\.count) == [20])
    var measured: UInt64 = 0
    for index in 0..<LatencyBuckets.count { measured += role.latency.buckets[index].count }
    #expect(measured == 100 && role.inFlight == 0)
  }

  @Test func requestsInFlightAreThoseOfTheMoment() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ")
    stream.submit(2, "READ")
    stream.submit(3, "WRITE")
    stream.complete(1, 4096)
    let all = roles(stream).all
    #expect(all.map(\.inFlight) == [1, 1])
    #expect(all.map(\.counts.submitted) == [2, 1])
  }

  @Test func rolesBeyondTheLimitAreCountedTogether() throws {
    var stream = RecordStream()
    stream.create(1)
    for (request, opcode) in ["NOP", "READ", "WRITE", "FSYNC"].enumerated() {
      stream.submit(request + 1, opcode)
      stream.complete(request + 1)
    }
    let roles = roles(stream, Self.limits(2))
    #expect(roles.all.map(\.counts.submitted) == [1, 1, 2])
    #expect(roles.all.last?.key.opcode == .folded)
    #expect(roles.folded == 2)
  }

  /// A ring's events are counted only when its cgroup is known or the wait for the cgroup has
  /// ended, because a counter must not move from one metrics series to another.
  @Test func aRingWaitsForItsCgroupAndThenKeepsItsRole() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1)
    stream.complete(1)
    var aggregator = stream.replay(limits: Self.limits())
    #expect(aggregator.snapshot().roles?.all.isEmpty == true)
    aggregator.advance(to: stream.time + 4_000_000_000)
    let first = try #require(aggregator.snapshot().roles?.all.first)
    #expect(first.key.cgroup.isEmpty && first.counts.submitted == 1)
    var more = RecordStream()
    more.time = stream.time + 5_000_000_000
    more.submit(2)
    more.complete(2)
    more.consume(into: &aggregator)
    let roles = try #require(aggregator.snapshot().roles)
    #expect(roles.all.map(\.counts.submitted) == [2])
  }

  @Test func aBucketHasItsLastRequest() throws {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...3 {
      stream.submit(request)
      stream.complete(request)
    }
    let role = try #require(roles(stream).all.first)
    // Records are 1 µs apart, so each latency is 1,000 ns and falls into the bucket up to 1,023 ns.
    let bucket = role.latency.buckets[0]
    #expect(bucket.count == 3 && bucket.last?.request == 3 && bucket.last?.latency == 1_000)
    #expect(role.latency.sum == 3_000)
  }

  @Test func boundsArePowersOfTwo() {
    for index in 0..<LatencyBuckets.count {
      guard let bound = LatencyBuckets.upperBound(index) else {
        #expect(index == LatencyBuckets.count - 1)
        continue
      }
      #expect(LatencyBuckets.index(of: bound) == index)
      #expect(LatencyBuckets.index(of: bound + 1) == index + 1)
    }
    #expect(LatencyBuckets.index(of: 0) == 0)
    #expect(LatencyBuckets.index(of: .max) == LatencyBuckets.count - 1)
  }
}
