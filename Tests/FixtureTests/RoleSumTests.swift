import TestSupport
import Testing
import UringRecordings
import UringTrace

/// The counts of all roles (by process name, cgroup and opcode) add up to those of all rings, for
/// every recording.
@Suite struct RoleSumTests {
  private static func snapshot(of path: String, closedRings: Int) throws -> Snapshot {
    let recording = try Observation.recording(path)
    var limits = Aggregator.Limits()
    limits.roles = 1_000
    limits.closedRings = closedRings
    var aggregator = Aggregator(host: recording.header.host, limits: limits)
    recording.withRecordBytes { aggregator.consume(contentsOf: $0) }
    // Advances the time until the aggregator no longer waits for process names that the recording
    // lacks.
    aggregator.advance(to: aggregator.snapshot().time + 10_000_000_000)
    return aggregator.snapshot()
  }

  /// Sums over all rings and over all roles, by name, of the counts that both have.
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
    // The counts of rings that are forgotten as soon as they are closed remain in their role.
    let forgetful = Self.sums(try Self.snapshot(of: fixture.path, closedRings: 0))
    #expect(forgetful.roles == whole.roles)
  }
}
