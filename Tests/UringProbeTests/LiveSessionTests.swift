import Glibc
import ProbeSupport
import Testing
import UringProbe
import UringTrace

/// All tests that observe this machine, run one after the other.
@Suite(.serialized, .enabled(if: TestPrograms.areAllowed, "needs root"))
enum LiveTests {}

extension LiveTests {
  /// Tests of live capture of real programs, by comparison with the programs' own counts.
  @Suite struct LiveSessionTests {
    /// Returns the time of CLOCK_MONOTONIC in nanoseconds.
    static func now() -> UInt64 {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func session(
      _ change: (inout LiveSession.Options) -> Void = { _ in }
    ) throws -> LiveSession {
      var options = LiveSession.Options()
      options.refreshInterval = .milliseconds(50)
      change(&options)
      return try LiveSession(options)
    }

    /// Waits until the session's snapshot meets a condition, and returns the snapshot.
    static func wait(
      _ session: LiveSession, until condition: (Snapshot) -> Bool
    ) -> Snapshot {
      var snapshot = session.current()
      eventually {
        snapshot = session.current()
        return condition(snapshot)
      }
      return snapshot
    }

    static func rings(_ snapshot: Snapshot, of pid: UInt32) -> [Ring] {
      snapshot.rings.filter { $0.ownerTgid == pid }
    }

    @Test func everyTracepointAttaches() throws {
      let session = try Self.session()
      #expect(session.absentTracepoints.isEmpty)
      #expect(Capabilities.detect().canCapture)
    }

    @Test func countsAreEqual() throws {
      let session = try Self.session()
      let child = try TestPrograms.start("pointer_reuse")
      let (status, truth) = child.finish()
      #expect(status == 0)
      let snapshot = session.stop()
      let seen = Comparison(snapshot, pid: child.pid)
      #expect(snapshot.lost.total == 0)
      #expect(seen.submitted == truth?["submitted"])
      #expect(seen.cqes == truth?["submitted"])
      #expect(seen.inFlight == 0)
    }

    /// The kernel has no event for the arming of a POLL_ADD: only an inventory shows it.
    @Test func theStateOfARequestWithoutEventsIsLookedUp() throws {
      let session = try Self.session { $0.refreshesStates = true }
      // The first inventory must precede the request.
      eventually { session.hasInventory }
      let child = try TestPrograms.start("hang_poll")
      defer { child.kill() }
      let snapshot = Self.wait(session) { snapshot in
        snapshot.requests.contains { $0.submitterTgid == child.pid && $0.state == .pollArmed }
      }
      let request = try #require(snapshot.requests.first { $0.submitterTgid == child.pid })
      #expect(request.state == .pollArmed)
      #expect(request.isStartKnown)
    }

    @Test func existingRingIsFoundWithAllItsDescriptors() throws {
      let child = try TestPrograms.start("shared_ring", "--hold")
      defer { _ = child.finish() }
      _ = child.readLine()
      let session = try Self.session()
      let snapshot = Self.wait(session) { Self.rings($0, of: child.pid).first != nil }
      let ring = try #require(Self.rings(snapshot, of: child.pid).first)
      #expect(ring.isFound)
      #expect(ring.sqEntries > 0)
      // the program's own descriptor and the other process's
      #expect(Set(ring.descriptors.map(\.tgid)).count == 2)
    }

    @Test func closedRingLeaves() throws {
      let session = try Self.session { $0.scanInterval = .milliseconds(100) }
      let child = try TestPrograms.start("links", "--hold")
      _ = child.readLine()
      let open = Self.wait(session) { Self.rings($0, of: child.pid).contains { !$0.isClosed } }
      #expect(Self.rings(open, of: child.pid).contains { !$0.isClosed })
      _ = child.finish()
      let closed = Self.wait(session) { Self.rings($0, of: child.pid).allSatisfy(\.isClosed) }
      #expect(!Self.rings(closed, of: child.pid).contains { !$0.isClosed })
      #expect(
        closed.requests.isEmpty || !closed.requests.contains { $0.submitterTgid == child.pid })
    }

    @Test func skippedCompletionsLeaveTheTable() throws {
      let session = try Self.session()
      let child = try TestPrograms.start("cqe_skip", "--hold")
      defer { _ = child.finish() }
      let truth = child.readLine()
      let inFlight = truth?["in_flight"]
      let snapshot = Self.wait(session) {
        let seen = Comparison($0, pid: child.pid)
        return seen.submitted == truth?["submitted"] && seen.inFlight == inFlight
      }
      let seen = Comparison(snapshot, pid: child.pid)
      #expect(seen.inFlight == inFlight)
      #expect(seen.skipped == (truth?["skipped"] ?? 0) + (truth?["silent"] ?? 0))
      #expect(seen.unseen == 0)
    }

    @Test func lossIsCountedAndTheTableHeals() throws {
      let session = try Self.session { $0.recordBufferSize = 1 << 14 }
      let child = try TestPrograms.start("nop_flood", "1", "--count", "500000", "--hold")
      defer { _ = child.finish() }
      let snapshot = Self.wait(session) { $0.lost.ringBufferFull > 0 }
      #expect(snapshot.lost.ringBufferFull > 0)
      _ = child.readLine()
      let healed = Self.wait(session) {
        !$0.requests.contains { $0.submitterTgid == child.pid }
      }
      #expect(!healed.requests.contains { $0.submitterTgid == child.pid })
    }

    @Test func countsAreExactThoughMostIsLost() throws {
      // The record buffer is smaller than the records of one batch, so that losses begin and end
      // thousands of times a second.
      let session = try Self.session { $0.recordBufferSize = 1 << 12 }
      let child = try TestPrograms.start(
        "nop_flood", "1", "128", "--count", "500000", "--hold")
      let truth = child.readLine()
      // If the record of the ring's creation was lost, the session's next scan finds the ring.
      _ = Self.wait(session) { !Self.rings($0, of: child.pid).isEmpty }
      #expect(child.finish().status == 0)
      let snapshot = session.stop()
      #expect(snapshot.lost.ringBufferFull > 0)
      let told = try #require(truth?["submitted"])
      let rings = Self.rings(snapshot, of: child.pid)
      let ids = Set(rings.map(\.id))
      #expect(rings.reduce(0) { $0 + $1.counts.submitted } == told)
      #expect(rings.reduce(0) { $0 + $1.counts.completed } == told)
      #expect(rings.reduce(0) { $0 + $1.counts.cqes } == told)
      #expect(rings.reduce(0) { $0 + $1.counts.errors } == 0)
      let measured = snapshot.latency.filter { ids.contains($0.ring) }.reduce(0) {
        $0 + $1.summary.count
      }
      let unmeasured = rings.reduce(0) { $0 + $1.counts.unmeasured }
      #expect(measured + unmeasured == told)
      // Unmeasured requests are those whose slots collide in the BPF programs' table of start
      // times: at most a few pairs.
      #expect(unmeasured * 20 < told)
    }

    @Test func sinkGetsEveryRecord() throws {
      let sink = CountingSink()
      let session = try Self.session { $0.sink = sink }
      _ = try TestPrograms.start("nop_flood", "1").finish()
      let snapshot = session.stop()
      #expect(session.sinkError == nil)
      #expect(sink.counts().records == snapshot.recordCount)
      #expect(sink.counts().bytes > 0)
    }

    @Test func namesOfFilesAreResolved() throws {
      let child = try TestPrograms.start("links", "--hold")
      defer { _ = child.finish() }
      let session = try Self.session()
      let other = try TestPrograms.start("links", "--hold")
      defer { _ = other.finish() }
      _ = other.readLine()
      let snapshot = Self.wait(session) { snapshot in
        snapshot.requests.contains { snapshot.fileNames.name(of: $0) != nil }
      }
      #expect(
        snapshot.requests.contains { snapshot.fileNames.name(of: $0)?.hasPrefix("pipe:") == true })
    }
  }
}
