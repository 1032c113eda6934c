import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringTrace

extension LiveTests {
  /// Tests for loss of records while uringtop is stopped, and for the cleanup after uringtop is
  /// killed.
  @Suite struct FaultTests {
    @Test func lossIsCountedAndLeavesNoGhosts() throws {
      let recorder = try BackgroundCommand()
      let waiting = try TestPrograms.start("many_inflight", "100")
      defer { _ = waiting.finish() }
      #expect(waiting.readLine()?["in_flight"] == 100)
      recorder.send(SIGSTOP)
      // Submits five times as many requests as the ring buffer of the BPF programs has room for
      // records.
      let flood = try TestPrograms.start("nop_flood", "1", "--count", "2000000", "--hold")
      // Runs a program with chains of requests. Its records are also lost.
      let ended = try TestPrograms.start("links")
      #expect(ended.finish().status == 0)
      let truth = flood.readLine()
      recorder.send(SIGCONT)
      // If the record of the creation of the flood's ring was lost, uringtop's next scan finds the
      // ring.
      try eventually { try recorder.current().rings.contains { $0.ownerTgid == flood.pid } }
      #expect(flood.finish().status == 0)
      let snapshot = try recorder.finish()

      let told = try #require(truth?["submitted"])
      let rings = snapshot.rings.filter { $0.ownerTgid == flood.pid }
      #expect(snapshot.lost.ringBufferFull > 0)
      // The counts are exact, because the BPF programs also count the requests whose records they
      // could not store.
      #expect(rings.reduce(0) { $0 + $1.counts.submitted } == told)
      #expect(rings.reduce(0) { $0 + $1.counts.completed } == told)
      let measured = snapshot.latency.filter { latency in rings.contains { $0.id == latency.ring } }
      #expect(
        measured.reduce(0) { $0 + $1.summary.count }
          + rings.reduce(0) { $0 + $1.counts.unmeasured } == told)
      #expect(snapshot.requests.filter { $0.submitterTgid == flood.pid }.isEmpty)
      #expect(snapshot.requests.filter { $0.submitterTgid == ended.pid }.isEmpty)
      #expect(snapshot.requests.filter { $0.submitterTgid == waiting.pid }.count == 100)
    }

    /// Rings have separate counts although the kernel reuses the memory of a closed ring for the
    /// next ring at once. With this sampling rate, the BPF programs count nearly all requests
    /// without a record.
    @Test func eachRingHasItsOwnCountsInReusedMemory() throws {
      let recorder = try BackgroundCommand(recordingWith: ["--sample", "1/1000000"])
      var truths: [UInt64] = []
      for _ in 0..<40 {
        let program = try TestPrograms.start("links")
        let truth = try #require(program.readLine()?["submitted"])
        #expect(program.finish().status == 0)
        truths.append(truth)
      }
      let snapshot = try recorder.finish()
      let rings = snapshot.rings.filter { $0.comm == "links" }
      #expect(rings.map(\.counts.submitted) == truths)
    }

    @Test func nothingAttachedOutlivesAKill() throws {
      let recorder = try BackgroundCommand()
      let pid = recorder.process.processIdentifier
      let programs = try Set(numbers("prog_id", of: pid))
      let links = try Set(numbers("link_id", of: pid))
      #expect(programs.count >= 17)
      #expect(links.count >= 17)
      recorder.send(SIGKILL)
      recorder.process.waitUntilExit()
      // The kernel frees BPF programs only after an RCU grace period.
      var left: (Set<Int>, Set<Int>) = ([], [])
      try eventually {
        left = try (programs.intersection(ids("prog")), links.intersection(ids("link")))
        return left.0.isEmpty && left.1.isEmpty
      }
      #expect(left.0 == [])
      #expect(left.1 == [])
    }

    /// Returns the values of the key in the `fdinfo` files of all descriptors of the process.
    private func numbers(_ key: String, of pid: Int32) throws -> [Int] {
      let folder = "/proc/\(pid)/fdinfo"
      return try FileManager.default.contentsOfDirectory(atPath: folder).flatMap { name in
        (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))?
          .split(separator: "\n").filter { $0.hasPrefix("\(key):") }
          .compactMap { Int($0.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces)) }
          ?? []
      }
    }

    /// Returns the ids of all BPF objects of a kind (`prog` or `link`) on this machine.
    private func ids(_ kind: String) throws -> Set<Int> {
      struct Object: Decodable { var id: Int }
      let outcome = try Command.run(
        "--json", kind, "list", program: URL(filePath: "/usr/sbin/bpftool"))
      return try Set(JSONDecoder().decode([Object].self, from: outcome.output).map(\.id))
    }
  }

  /// Tests that command-line filters pass exactly the matching requests.
  @Suite struct FilterTests {
    /// Runs `links` and `poll_armed` while uringtop records with a filter.
    private func record(
      _ arguments: String...
    ) throws -> (
      links: [Request], other: [Request], truth: ProgramTruth,
      submitted: (links: UInt64, other: UInt64)
    ) {
      let recorder = try BackgroundCommand(recordingWith: arguments)
      let links = try TestPrograms.start("links")
      let truth = try links.readTruth()
      _ = links.finish()
      let other = try TestPrograms.start("poll_armed")
      _ = other.finish()
      let snapshot = try recorder.finish()
      let all = snapshot.requests + snapshot.recent
      func submitted(by child: ChildProgram) -> UInt64 {
        snapshot.rings.filter { $0.ownerTgid == child.pid }.reduce(0) { $0 + $1.counts.submitted }
      }
      return (
        all.filter { $0.submitterTgid == links.pid }, all.filter { $0.submitterTgid != links.pid },
        truth, (submitted(by: links), submitted(by: other))
      )
    }

    @Test func withoutAFilterBothAreSeen() throws {
      // Requests of other programs can displace those of `links` from the list of recent requests,
      // but do not change the counts.
      let (_, _, truth, submitted) = try record()
      #expect(submitted.links == truth.submitted)
      #expect(submitted.other > 0)
    }

    @Test func name() throws {
      let (links, other, truth, _) = try record("--comm", "links")
      #expect(UInt64(links.count) == truth.submitted)
      #expect(other.isEmpty)
    }

    @Test func opcode() throws {
      let (links, other, truth, _) = try record(
        "--comm", "links", "--comm", "poll_armed", "--op", "READ")
      #expect(links.count == truth.requests.filter { $0.opcode == "READ" }.count)
      #expect(links.allSatisfy { $0.opcode.name == "READ" })
      #expect(other.isEmpty)
    }

    @Test func descriptor() throws {
      let (links, _, truth, _) = try record("--comm", "links", "--fd", "3")
      #expect(truth.rings.map(\.fd) == [3])
      #expect(UInt64(links.count) == truth.submitted)
      #expect(try record("--comm", "links", "--fd", "99").links.isEmpty)
    }

    @Test func process() throws {
      let held = try TestPrograms.start("links", "--hold")
      defer { _ = held.finish() }
      let ready = try held.readTruth()
      let recorder = try BackgroundCommand(recordingWith: ["--pid", "\(held.pid)"])
      // The ring existed before uringtop attached, so uringtop's next scan finds it.
      try eventually { try recorder.current().rings.contains { $0.ownerTgid == held.pid } }
      let other = try TestPrograms.start("links")
      _ = other.finish()
      _ = held.finish()
      let snapshot = try recorder.finish()
      #expect(snapshot.rings.map(\.ownerTgid) == [held.pid])
      // Of the requests that were in flight before uringtop attached, it sees only the ends.
      #expect(snapshot.rings.first?.counts.cqes == ready.inFlight)
    }
  }
}
