import Glibc
import ProbeSupport
import Testing
import UringProbe
import UringSources
import UringTrace

extension LiveTests {
  /// Tests that the filters in the BPF programs pass exactly the matching requests.
  @Suite struct FilterTests {
    /// Runs the program `links` once under the filter. Returns the counts of `links`, its truth,
    /// and the snapshot of all programs.
    private func run(
      _ filter: Filter, includesDescendants: Bool = false
    ) throws -> (child: Comparison, truth: Truth?, snapshot: Snapshot) {
      let session = try LiveSessionTests.session {
        $0.filter = filter
        $0.includesDescendants = includesDescendants
      }
      let child = try TestPrograms.start("links")
      let (_, truth) = child.finish()
      let snapshot = session.stop()
      return (Comparison(snapshot, pid: child.pid), truth, snapshot)
    }

    @Test func otherProcessIsLeftOut() throws {
      var filter = Filter()
      filter.pids = [1]
      let (seen, _, snapshot) = try run(filter)
      #expect(seen.rings == 0)
      #expect(snapshot.rings.allSatisfy { $0.ownerTgid == 1 })
    }

    @Test func descendantsPassIfAsked() throws {
      var filter = Filter()
      filter.pids = [UInt32(getpid())]
      let (without, _, _) = try run(filter)
      #expect(without.rings == 0)
      let (seen, truth, _) = try run(filter, includesDescendants: true)
      #expect(seen.submitted == truth?["submitted"])
    }

    @Test func nameSelects() throws {
      var filter = Filter()
      filter.comms = ["links"]
      let (seen, truth, _) = try run(filter)
      #expect(seen.submitted == truth?["submitted"])
      filter.comms = ["link"]
      #expect(try run(filter).child.rings == 0)
    }

    @Test(.enabled(if: TemporaryCgroup.isPossible, "a cgroup v2 hierarchy"))
    func cgroupSelectsWithWhatIsBelowIt() throws {
      let cgroup = try TemporaryCgroup(below: 2)
      defer { cgroup.remove() }
      var filter = Filter()
      filter.cgroups = [cgroup.paths[0]]
      #expect(try run(filter).child.rings == 0)
      for path in cgroup.paths {
        filter.cgroups = [path]
        let (seen, truth, snapshot) = try cgroup.inside { try run(filter) }
        #expect(seen.submitted == truth?["submitted"], "\(path)")
        let own = snapshot.rings.filter { $0.comm == "links" }
        #expect(
          own.allSatisfy {
            snapshot.processCgroups[$0.ownerTgid] ?? cgroup.paths[2] == cgroup.paths[2]
          })
      }
      filter.cgroups = [cgroup.paths[0] + "/other"]
      #expect(throws: (any Error).self) { try run(filter) }
    }

    /// The filters include the program's name, because other rings of a busy machine also have such
    /// descriptors and opcodes.
    @Test func descriptorSelects() throws {
      var filter = Filter()
      filter.comms = ["links"]
      filter.fds = [3]
      let (seen, truth, _) = try run(filter)
      #expect(truth?.text.contains("\"fd\":3") == true)
      #expect(seen.submitted == truth?["submitted"])
      filter.fds = [99]
      #expect(try run(filter).child.rings == 0)
    }

    @Test func opcodeSelects() throws {
      var filter = Filter()
      filter.comms = ["links"]
      filter.opcodes = [Opcode(rawValue: 22)]  // READ
      let (seen, truth, snapshot) = try run(filter)
      #expect(seen.submitted > 0)
      #expect(seen.submitted < truth?["submitted"] ?? 0)
      #expect(snapshot.recent.allSatisfy { $0.opcode == Opcode(rawValue: 22) })
      #expect(seen.inFlight == 0)
    }

    @Test func processThatRunsAlreadyPassesWithItsRing() throws {
      let child = try TestPrograms.start("links", "--hold")
      defer { _ = child.finish() }
      _ = child.readLine()
      var filter = Filter()
      filter.pids = [child.pid]
      filter.fds = [3]
      let session = try LiveSessionTests.session { $0.filter = filter }
      let other = try TestPrograms.start("links")
      _ = other.finish()
      let snapshot = LiveSessionTests.wait(session) { !$0.rings.isEmpty }
      #expect(Set(snapshot.rings.map(\.ownerTgid)) == [child.pid])
    }

    @Test func missingProcessAndDescriptorAreRefused() throws {
      var filter = Filter()
      filter.pids = [UInt32(Int32.max)]
      #expect(throws: ProbeError.self) { _ = try LiveSessionTests.session { $0.filter = filter } }
      filter.pids = [UInt32(getpid())]
      filter.fds = [0]
      #expect(throws: ProbeError.self) { _ = try LiveSessionTests.session { $0.filter = filter } }
    }
  }
}
