import TestSupport
import Testing
import UringRecordings
import UringTrace

/// Tests, for every recording, that the counts of all roles (sums by process name, cgroup and
/// opcode) add up to the counts of all rings.
@Suite struct RoleSumTests {
  private static func snapshot(of path: String, closedRings: Int) throws -> Snapshot {
    let recording = try Observation.recording(path)
    var limits = Aggregator.Limits()
    limits.roles = 1_000
    limits.closedRings = closedRings
    var aggregator = Aggregator(host: recording.header.host, limits: limits)
    recording.withRecordBytes { aggregator.consume(contentsOf: $0) }
    // Advances the time so far that the aggregator no longer waits for process names that the
    // recording lacks.
    aggregator.advance(to: aggregator.snapshot().time + 10_000_000_000)
    return aggregator.snapshot()
  }

  /// Returns the sums over all rings and over all roles of the counts that rings and roles have in
  /// common, by the count's name.
  private static func sums(_ snapshot: Snapshot) -> (
    rings: [String: UInt64], roles: [String: UInt64]
  ) {
    var (rings, roles) = ([String: UInt64](), [String: UInt64]())
    for ring in snapshot.rings {
      let counts = ring.counts
      for (name, value) in [
        ("submitted", counts.submitted), ("completed", counts.completed), ("cqes", counts.cqes),
        ("overflows", counts.overflows), ("dropped", counts.dropped), ("skipped", counts.skipped),
        ("preparation", counts.preparationFailures), ("punted", counts.punted),
        ("read", counts.bytesRead), ("written", counts.bytesWritten), ("errors", counts.errors),
        ("measured", ring.latency.count), ("in flight", UInt64(ring.inFlight)),
      ] { rings[name, default: 0] += value }
    }
    for role in snapshot.roles?.all ?? [] {
      let counts = role.counts
      var measured: UInt64 = 0
      for index in 0..<LatencyBuckets.count { measured += role.latency.buckets[index].count }
      for (name, value) in [
        ("submitted", counts.submitted), ("completed", counts.completed), ("cqes", counts.cqes),
        ("overflows", counts.overflows), ("dropped", counts.dropped), ("skipped", counts.skipped),
        ("preparation", counts.preparationFailures), ("punted", counts.punted),
        ("read", counts.bytesRead), ("written", counts.bytesWritten),
        ("errors", role.errnos.reduce(0) { $0 + $1.count }), ("measured", measured),
        ("in flight", role.inFlight),
      ] { roles[name, default: 0] += value }
    }
    return (rings, roles)
  }

  @Test(arguments: Fixtures.all) func rolesAddUpToTheRings(_ fixture: Observation) throws {
    let whole = Self.sums(try Self.snapshot(of: fixture.path, closedRings: 1_000))
    #expect(!whole.rings.isEmpty && whole.roles == whole.rings)
    // With a limit of 0 closed rings, the aggregator forgets each ring when it closes. The ring's
    // counts remain in its role.
    let forgetful = Self.sums(try Self.snapshot(of: fixture.path, closedRings: 0))
    #expect(forgetful.roles == whole.roles)
  }
}
