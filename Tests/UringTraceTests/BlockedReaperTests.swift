import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of findings about threads that should reap CQEs but are blocked elsewhere.
@Suite struct BlockedReaperTests {
  @Test(arguments: [
    (RingEventfd.async, "Register the eventfd with IORING_REGISTER_EVENTFD"),
    (.all, "Take all CQEs after each wake-up"),
  ])
  func unreapedCQEsNameTheThreadThatSleepsOnTheRingsEventfd(
    eventfd: RingEventfd, cure: String
  ) throws {
    var snapshot = WaitGraphTests.selfReader()
    snapshot.requests = []
    snapshot.rings[0].waiter = nil
    snapshot.rings[0].cqPending = 1
    snapshot.rings[0].cqPendingSince = snapshot.time - 8 * 1_000_000_000
    snapshot.rings[0].eventfd = eventfd
    // Thread 100 was the last to wait for CQEs, and now waits elsewhere.
    snapshot.waits.threads[0].wait = .unknown
    snapshot.waits.threads[0].call = "pause"
    var reader = ThreadState(
      tid: 101, tgid: 10, wait: .reads, since: snapshot.waits.threads[0].since)
    (reader.call, reader.fd) = ("read", 6)
    snapshot.waits.threads.append(reader)
    var file = OpenFile(tgid: 10, fd: 6, kind: .eventfd, file: 60)
    (file.ring, file.kernelUsers) = (snapshot.rings[0].id, 2)
    snapshot.waits.files.append(file)
    func finding() throws -> Finding {
      var diagnosis = Diagnosis()
      return try #require(
        diagnosis.findings(in: snapshot).first { $0.tag == "unreaped-cqes" })
    }
    let named = try finding()
    #expect(
      named.summary.hasPrefix(
        "1 CQE unreaped for 8 s; thread 101, which waits for the ring's eventfd, is blocked in read() on fd 6, "
          + "the eventfd that ring \(snapshot.rings[0].id) signals"))
    #expect(named.cure.hasPrefix(cure))
    // Now the eventfd is registered with another ring, or belongs to another program.
    snapshot.waits.files[snapshot.waits.files.count - 1].ring = nil
    #expect(try !finding().summary.contains("thread 101"))
  }

  @Test func unreapedCQEsNameTheThreadThatIsBlockedElsewhere() throws {
    var snapshot = WaitGraphTests.selfReader()
    snapshot.requests = []
    snapshot.rings[0].waiter = nil
    snapshot.rings[0].cqPending = 5
    snapshot.rings[0].cqPendingSince = snapshot.time - 8 * 1_000_000_000
    snapshot.waits.threads[0].wait = .reads
    snapshot.waits.threads[0].call = "read"
    snapshot.waits.threads[0].fd = 3
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "unreaped-cqes" })
    #expect(
      finding.summary
        == "5 CQEs unreaped for 8 s; thread 100, which last waited for CQEs, is blocked in read() on fd 3, "
        + "an empty pipe (pipe:[7])")
    #expect(finding.cure.contains("IORING_OP_READ"))
  }

  /// The kernel publishes the SQ head only when it has taken the whole submission. Until then, the
  /// SQEs of a blocked submission look unsubmitted.
  @Test(arguments: [(Int32?(3), true), (nil, true), (4, false)])
  func unsubmittedSQEsNameTheThreadWhoseSubmissionIsBlocked(fd: Int32?, isOnRing: Bool) throws {
    var snapshot = WaitGraphTests.selfReader()
    snapshot.requests = []
    snapshot.rings[0].waiter = nil
    snapshot.rings[0].descriptors = [Ring.Descriptor(tgid: 10, fd: 3)]
    snapshot.rings[0].sqPending = 2
    snapshot.rings[0].sqPendingSince = snapshot.time - 8 * 1_000_000_000
    snapshot.waits.threads[0].wait = .unknown
    snapshot.waits.threads[0].call = "io_uring_enter"
    snapshot.waits.threads[0].fd = fd
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "unsubmitted-sqes" })
    #expect(finding.summary.contains("which submits, is blocked in io_uring_enter()") == isOnRing)
    #expect(finding.meaning.contains("does not submit") != isOnRing)
    #expect(finding.cure.contains("IOSQE_ASYNC") == isOnRing)
  }
}
