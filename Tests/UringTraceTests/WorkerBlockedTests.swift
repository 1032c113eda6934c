import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of the finding about SPLICE and TEE requests whose io-wq workers sleep on a pipe.
@Suite struct WorkerBlockedTests {
  private static let second: UInt64 = 1_000_000_000

  private static func pipe(_ number: UInt64) -> record_file_identity {
    record_file_identity(
      file: 0xffff_8885_0000_0000 + number, inode: number, device: 8, generation: 0,
      file_system: 0x5049_5045, mode: 0o010600, anonymous: .none)
  }

  /// Returns a snapshot in which io-wq worker 77 has run SPLICE 0xa01 from pipe 7 to pipe 8 for 9
  /// s. Process
  /// `writer` holds the write end of pipe 7.
  private static func snapshot(function: String = "pipe_wait_readable", writer: UInt32 = 20)
    -> Snapshot
  {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "SPLICE", userData: 0xa01) { $0.fd = 6 }
    var input = record_request_file()
    input.is_input = 1
    input.fd = 3
    input.file = pipe(7)
    stream.add(&input, \.base, .requestFile, 1)
    stream.parked(1, "SPLICE", userData: 0xa01, place: .workRunning) { $0.file = pipe(8) }
    let start = stream.time
    stream.time += 9 * second
    stream.depth(sq: 0, cq: 0, waiter: 100)
    var snapshot = stream.snapshot()
    snapshot.rings[0].descriptors = [Ring.Descriptor(tgid: 10, fd: 9)]
    snapshot.kernelStacks[77] = KernelStack(
      frames: ["schedule+0x1", "\(function)+0x2"], areNamesHidden: false, time: start)
    snapshot.waits.time = snapshot.time - second
    snapshot.waits.isComplete = true
    let ring = snapshot.rings[0].id
    snapshot.waits.threads = [
      ThreadState(tid: 100, tgid: 10, wait: .cqes(ring), since: start),
      ThreadState(tid: 20, tgid: 20, wait: .timed, since: start),
    ]
    var ringFile = OpenFile(tgid: 10, fd: 9, kind: .ring, file: 50)
    ringFile.ring = ring
    snapshot.waits.files = [
      ringFile, end(of: 7, tgid: 10, fd: 3), end(of: 7, tgid: writer, fd: 4, writes: true),
      end(of: 8, tgid: 10, fd: 5), end(of: 8, tgid: 10, fd: 6, writes: true),
    ]
    // The SPLICE holds a reference to the read end of pipe 7 and to the write end of pipe 8.
    snapshot.waits.files[1].references += 1
    snapshot.waits.files[4].references += 1
    return snapshot
  }

  private static func end(of inode: UInt64, tgid: UInt32, fd: Int32, writes: Bool = false)
    -> OpenFile
  {
    var end = OpenFile(
      tgid: tgid, fd: fd, kind: .pipe, file: inode * 10 + (writes ? 1 : 0), inode: inode)
    (end.canRead, end.canWrite, end.readers, end.writers) = (!writes, writes, 1, 1)
    end.capacity = 16
    return end
  }

  private static func findings(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot)
  }

  @Test func theWorkerThePipeAndItsWriterAreNamed() throws {
    let finding = try #require(Self.findings(Self.snapshot()).first { $0.tag == "worker-blocked" })
    #expect(finding.severity == .info && finding.requests == [1])
    #expect(
      finding.summary.hasPrefix(
        "SPLICE 0xa01 from pipe:[7] to pipe:[8] blocks worker 77, for 9 s so far, until pipe:[7] has data"
      ))
    #expect(finding.summary.contains("its only write end is fd 4 of process 20"))
  }

  @Test func aWorkerThatWaitsForItselfIsCriticalAndTheDeadlockIsNotRepeated() throws {
    let findings = Self.findings(Self.snapshot(writer: 10))
    #expect(findings.first?.tag == "worker-blocked" && findings.first?.severity == .crit)
    #expect(!findings.contains { $0.tag == "deadlock" })
  }

  @Test func aWorkerThatDoesSomethingElseIsNotBlocked() {
    let findings = Self.findings(Self.snapshot(function: "ext4_file_read_iter"))
    #expect(!findings.contains { $0.tag == "worker-blocked" })
  }
}
