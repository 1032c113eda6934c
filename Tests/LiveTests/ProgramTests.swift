import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringProbe
import UringTrace

extension LiveTests {
  /// Runs each program of Tests/Programs on this kernel, and compares uringtop's view with the
  /// program's own truth.
  @Suite struct ProgramTests {
    static let all: [String] = {
      let folder = Command.root.appending(path: "Tests/Programs").path()
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let endless = [
        "churn", "fault_flow", "fault_state", "hang_chain", "hang_poll", "many_inflight",
        "many_rings", "nop_flood", "parked", "submit_stack",
        "workload",
      ]
      return names.filter { $0.hasSuffix(".c") }.map { String($0.dropLast(2)) }
        .filter { !endless.contains($0) }.sorted()
    }()

    /// Programs that keep requests in flight. `cq_overflow` is not in the list: its requests have
    /// ended in the kernel, and only their CQEs are unreaped.
    static let holding = [
      "cancel", "defer_taskrun", "drain", "fixed_buffers", "link_timeout", "links",
      "multishot_accept", "multishot_poll", "multishot_recv", "poll_armed", "registered",
      "registered_ring", "ring_exit", "shared_ring", "sqpoll", "timeout",
    ]

    /// A session filtered to this program, because other programs on the machine may be busy.
    private static func session(watching program: String) throws -> LiveSession {
      var options = LiveSession.Options()
      options.filter.comms = [String(program.prefix(15))]
      options.refreshInterval = .milliseconds(50)
      options.scanInterval = .milliseconds(200)
      return try LiveSession(options)
    }

    @Test(arguments: all)
    func everyRequestIsAsTheProgramSays(_ program: String) throws {
      let recorded = try RecordedCommand([TestPrograms.path(program)])
      // 77: this kernel or machine cannot run the program.
      guard recorded.status != 77 else { return }
      #expect(recorded.status == 0, "\(recorded.error)")
      let truth = try #require(try ProgramTruth(lastLineOf: recorded.output))
      let differences = TruthComparison(truth, recorded.snapshot).differences
      #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test(arguments: holding)
    func requestsInFlightAreAsTheProgramSays(_ program: String) throws {
      let session = try Self.session(watching: program)
      let child = try TestPrograms.start(program, "--hold")
      let truth = try child.readTruth()
      var differences: [String] = []
      eventually {
        differences = TruthComparison(truth, session.current()).differences
        return differences.isEmpty
      }
      #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
      _ = child.finish()
    }

    @Test(arguments: [
      ("links", ["pollArmed", "linked", "linked"]),
      ("drain", ["pollArmed", "deferred", "deferred", "deferred"]),
      ("poll_armed", ["pollArmed", "pollArmed", "pollArmed", "pollArmed"]),
      ("defer_taskrun", ["taskWork", "taskWork", "taskWork", "taskWork"]),
      ("timeout", ["submitted", "submitted"]),
    ])
    func whatARequestWaitsForIsItsState(_ program: String, _ states: [String]) throws {
      let session = try Self.session(watching: program)
      let child = try TestPrograms.start(program, "--hold")
      _ = try child.readTruth()
      let snapshot = session.stop()
      _ = child.finish()
      let requests = snapshot.requests.filter { $0.submitterTgid == child.pid }
      #expect(requests.map { "\($0.state)" } == states)
    }

    @Test func hangingChainShowsWhatItWaitsFor() throws {
      let session = try Self.session(watching: "hang_chain")
      let child = try TestPrograms.start("hang_chain")
      _ = child.readLine()
      // The program blocks only after it has printed the ready line.
      eventually {
        session.current().rings.contains {
          $0.ownerTgid == child.pid && $0.lastWaitMinEvents > 0
        }
      }
      let snapshot = session.stop()
      _ = child.finish()
      let ring = try #require(snapshot.rings.first { $0.ownerTgid == child.pid })
      #expect(ring.lastWaitMinEvents > 0)
      let chain = try #require(snapshot.chains.first { $0.ring == ring.id })
      #expect(chain.members.map(\.opcode.name).first == "READ")
      #expect(chain.members.map(\.state) == [.pollArmed, .linked, .linked, .linked])
      #expect(chain.brokenBy == 0)
    }

    @Test func existingRingsAreFoundWithDescriptorsAndSizes() throws {
      let children = try (Self.holding + ["many_rings"]).map {
        try $0 == "many_rings"
          ? TestPrograms.start($0, "20") : TestPrograms.start($0, "--hold")
      }
      defer { for child in children { _ = child.finish() } }
      let lines = children.map { $0.readLine()?.text ?? "" }
      let truths = try lines.dropLast().map { try ProgramTruth(Data($0.utf8)) }
      let outcome = try Command.run("snapshot", "--json", "--duration", "500ms")
      #expect(outcome.status == 0, "\(outcome.error)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let rings = try decoder.decode(Document.self, from: outcome.output).rings

      for truth in truths {
        let found = rings.filter { $0.pid == truth.pid }
        for told in truth.rings {
          let ring = found.first {
            told.fd >= 0 ? $0.fds.contains(told.fd) : $0.fds.isEmpty
          }
          #expect(ring != nil, "\(truth.program): ring of fd \(told.fd)")
          #expect(ring?.sqEntries == told.sqEntries, "\(truth.program)")
          #expect(ring?.cqEntries == told.cqEntries, "\(truth.program)")
          #expect(Set(told.setup).isSubset(of: ring?.flags ?? []), "\(truth.program)")
          #expect(ring?.found == true)
          #expect(ring?.comm == String(truth.program.prefix(15)))
        }
        #expect(found.count == truth.rings.count, "\(truth.program)")
      }
      #expect(rings.count { $0.pid == children.last?.pid } == 20)
    }

    private struct Document: Decodable {
      var rings: [Ring]
      struct Ring: Decodable {
        var pid: UInt32?
        var comm: String
        var fds: [Int32]
        var sqEntries: UInt32
        var cqEntries: UInt32
        var flags: [String]
        var found: Bool
      }
    }
  }
}
