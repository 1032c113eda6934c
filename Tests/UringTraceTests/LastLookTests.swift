import CRecord
import Testing
import UringFindings
import UringTrace

/// Tests that rules use a ring's state only up to the last scan of the ring, not up to now.
@Suite struct LastLookTests {
  private static let second: UInt64 = 1_000_000_000

  private func tags(_ stream: RecordStream) -> [String] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: stream.snapshot()).map(\.tag)
  }

  /// Returns a copy of the stream with a ring scan `seconds` after the stream's end, and a last
  /// event 10 s after the stream's end.
  private func looked(_ stream: RecordStream, after seconds: UInt64) -> RecordStream {
    var stream = stream
    let start = stream.time
    stream.time = start + seconds * Self.second
    stream.ringScan()
    stream.time = start + 10 * Self.second
    stream.submit(99, ring: 9, userData: 99)
    return stream
  }

  @Test func aWaitIsAsLongAsItWasSeen() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "POLL_ADD", userData: 7)
    stream.wait(1, for: 3)
    stream.depth(sq: 0, cq: 0, waiter: 100)
    #expect(!tags(looked(stream, after: 2)).contains("hang"))
    #expect(tags(looked(stream, after: 5)).contains("hang"))
  }

  @Test(arguments: [("unreaped-cqes", UInt32(0), UInt32(2)), ("unsubmitted-sqes", 1, 0)])
  func queuesAreAsFullAsTheyWereSeen(tag: String, sq: UInt32, cq: UInt32) {
    var stream = RecordStream()
    stream.create(1)
    stream.depth(sq: sq, cq: cq)
    #expect(!tags(looked(stream, after: 2)).contains(tag))
    #expect(tags(looked(stream, after: 5)).contains(tag))
  }

  /// The close of a ring cancels all its requests. Only a later scan that finds the ring open rules
  /// out this cause.
  @Test func aRequestThatItsRingCancelledIsExplained() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7) { $0.fd = 3 }
    stream.complete(1, -125)
    #expect(!tags(looked(stream, after: 0)).contains("unexplained-error"))
    #expect(tags(looked(stream, after: 5)).contains("unexplained-error"))
  }

  /// A ring counts as closed when two scans have missed it. After the first miss, it counts neither
  /// as closed nor as open.
  @Test func aRingThatALookMissedMayBeClosed() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7) { $0.fd = 3 }
    stream.complete(1, -125)
    stream.time += 4 * Self.second
    stream.ringScan(missing: 1)
    #expect(!tags(looked(stream, after: 1)).contains("unexplained-error"))
    stream.depth(sq: 0, cq: 0)
    #expect(tags(looked(stream, after: 1)).contains("unexplained-error"))
  }

  @Test func aMultishotRequestOfARingThatMayBeClosedIsNotMissed() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 7) {
      $0.ioprio = 2
      $0.fd = 5
    }
    stream.complete(1, -105)
    #expect(!tags(looked(stream, after: 0)).contains("multishot-ended"))
    #expect(tags(looked(stream, after: 5)).contains("multishot-ended"))
  }

  @Test func aBundleOfSendsEndsWithItsBuffers() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "SEND", userData: 7) {
      $0.ioprio = 1 << 4
      $0.fd = 5
    }
    stream.complete(1, 4096)
    #expect(!tags(looked(stream, after: 5)).contains("multishot-ended"))
  }

  // MARK: Stuck requests

  /// A stream with 100 READs of 1 ms each, and another READ that has been in flight for `time` ns.
  /// An inventory walk (BPF iterators) finds that READ at `place`, unless `place` is nil.
  private func slow(for time: UInt64, at place: RecordPlace?) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    for request in 1...100 {
      stream.submit(request, "READ", userData: 7) { $0.fd = 5 }
      stream.time += 1_000_000
      stream.complete(request, 1)
    }
    stream.submit(101, "READ", userData: 8) { $0.fd = 5 }
    stream.time += time
    if let place { stream.parked(101, "READ", userData: 8, place: place) }
    stream.ringScan()
    return stream
  }

  @Test func aRequestWhoseThreadsMayLackAProcessorIsStuckAfterThreeSeconds() {
    #expect(!tags(slow(for: Self.second, at: nil)).contains("stuck-request"))
    #expect(!tags(slow(for: Self.second, at: .taskWork)).contains("stuck-request"))
    #expect(tags(slow(for: 4 * Self.second, at: nil)).contains("stuck-request"))
    #expect(tags(slow(for: Self.second, at: .block)).contains("stuck-request"))
  }

  /// If a request was submitted before uringtop attached, its age is a lower bound. If uringtop has
  /// recorded its start, its age is exact.
  @Test(arguments: [true, false])
  func theAgeOfAStuckRequestIsALowerBoundIfItIsOlderThanUringtop(isOlder: Bool) throws {
    var stream = RecordStream()
    if isOlder {
      stream.ringFound(1)
      stream.parked(101, "READ", userData: 8, place: .block)
    } else {
      stream.create(1)
      stream.submit(101, "READ", userData: 8) { $0.fd = 5 }
    }
    let start = stream.time
    for request in 1...100 {
      stream.submit(request, "READ", userData: 7) { $0.fd = 5 }
      stream.time += 1_000_000
      stream.complete(request, 1)
    }
    stream.time = start + 4 * Self.second
    stream.parked(101, "READ", userData: 8, place: .block)
    stream.ringScan()
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: stream.snapshot()).first { $0.tag == "stuck-request" })
    let age = isOlder ? "has been in flight for more than 4 s; " : "has been in flight for 4 s; "
    #expect(finding.summary.contains(age), "\(finding.summary)")
    #expect(finding.requests.count == 1)
  }

  /// The SQE of a SEND that is older than uringtop is not known: the SEND could be a bundle. A bundle
  /// also ends as soon as its peer reads.
  @Test func aSENDWithoutSQEIsStuckLikeOthers() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(101, "SEND", userData: 8, place: .poll)
    for request in 1...100 {
      stream.submit(request, "SEND", userData: 7) { $0.fd = 5 }
      stream.time += 1_000_000
      stream.complete(request, 1)
    }
    stream.time += 4 * Self.second
    stream.parked(101, "SEND", userData: 8, place: .poll)
    stream.ringScan()
    #expect(tags(stream).contains("stuck-request"))
  }

  // MARK: Links

  /// A stream in which an inventory walk finds a RECV with IOSQE_IO_LINK at `place`. The file has
  /// the mode `mode`.
  private func found(at place: RecordPlace, _ mode: UInt16) -> RecordStream {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "RECV", userData: 7, place: place, knows: [.file]) {
      $0.flags = 1 << 2
      $0.fd = 3
      $0.file.file = 0xf00
      $0.file.inode = 3
      $0.file.mode = mode
    }
    return stream
  }

  @Test func aLinkThatWasOpenBeforeIsFoundInAWorker() {
    let socket: UInt16 = 0o140000
    #expect(tags(found(at: .workRunning, socket)).contains("open-link"))
    // On a regular file, a chain whose LINK_TIMEOUT has fired looks the same as an open link, so
    // the rule reports nothing.
    #expect(!tags(found(at: .workRunning, 0o100000)).contains("open-link"))
    // A submission that ends with an open link hands the request to a worker, so a poll-armed
    // request has no open link.
    #expect(!tags(found(at: .poll, socket)).contains("open-link"))
  }

  /// The LINK_TIMEOUT of an open link failed before the capture. The ring's memory still contains
  /// its CQE and SQE.
  @Test(arguments: [(22, "LINK_TIMEOUT", true), (22, "NOP", false), (125, "LINK_TIMEOUT", false)])
  func theTimeoutThatFailedBehindAnOpenLinkIsNamedFromTheRingsMemory(
    errno: Int32, opcode: String, isNamed: Bool
  ) throws {
    var stream = found(at: .workRunning, 0o140000)
    var cqe = record_reaped()
    (cqe.user_data, cqe.res) = (0x205, -errno)
    stream.add(&cqe, \.base, .reaped, 0, ring: 1)
    var taken = record_reaped_sqe()
    (taken.sqe.user_data, taken.sqe.opcode) = (0x205, try #require(Opcode(name: opcode)).rawValue)
    stream.add(&taken, \.base, .reapedSqe, 0, ring: 1)
    var diagnosis = Diagnosis()
    let finding = try #require(
      diagnosis.findings(in: stream.snapshot()).first { $0.tag == "open-link" })
    #expect(finding.summary.contains("LINK_TIMEOUT 0x205 failed with EINVAL") == isNamed)
  }
}
