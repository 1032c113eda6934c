import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of notifications of zero-copy sends: those that an inventory walk (BPF iterators) found,
/// and those that are delayed because the peer does not read.
@Suite struct ZeroCopyNotificationTests {
  private static let second: UInt64 = 1_000_000_000

  /// Returns a stream in which an inventory walk finds the notification of a send older than the
  /// capture.
  private static func found() -> RecordStream {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "SEND_ZC", userData: 7, place: .network, knows: .file) {
      $0.fd = 5
      $0.since_ns = 1
      $0.file.file = 0x500
      $0.file.inode = 70
    }
    return stream
  }

  @Test func anOutstandingNotificationIsListedAndCounted() throws {
    var stream = Self.found()
    stream.balance(outstanding: 1)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(7))
    #expect(request.state == .awaitingNotification && request.place == .network)
    #expect(!request.hasResult && !request.isStartKnown)
    #expect(snapshot.rings[0].balance?.unaccounted == 0)
  }

  @Test func itsCQEEndsIt() throws {
    var stream = Self.found()
    stream.notify(1, userData: 7)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.ended(7))
    #expect(request.state == .completed && request.kinds.last == .notified)
    #expect(snapshot.requests.isEmpty && snapshot.rings[0].counts.unmatched == 0)
  }

  /// The inventory walk may have found the notification just before the kernel posted its CQE, so
  /// its result must not make the notification pending again.
  @Test func aWalkDoesNotReviveIt() {
    var stream = Self.found()
    let time = stream.time
    stream.notify(1, userData: 7)
    stream.parked(1, "SEND_ZC", userData: 7, place: .network, at: time)
    #expect(stream.snapshot().requests.isEmpty)
  }

  @Test func ofASendWhoseResultWasSeenItIsTheSameRequest() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "SEND_ZC", userData: 7, notification: 2)
    stream.parked(2, "SEND_ZC", userData: 7, place: .network)
    #expect(stream.snapshot().inFlight(7)?.state == .submitted)
    stream.complete(1, 100, flags: .more)
    stream.parked(2, "SEND_ZC", userData: 7, place: .network)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 1 && snapshot.requests[0].place == .network)
  }

  /// The kernel counts the send and its notification as two requests, and uringtop knows both.
  @Test func aSendWithoutAResultKnowsItsNotification() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "SEND_ZC", userData: 7, place: .poll) { $0.notif = RecordStream.address(2) }
    stream.balance(outstanding: 2)
    #expect(stream.snapshot().rings[0].balance?.unaccounted == 0)
    stream.complete(1, 100, flags: .more)
    stream.notify(2, userData: 7)
    #expect(stream.snapshot().ended(7)?.state == .completed)
  }

  // MARK: The finding

  private static func unread(window: UInt32 = 0) -> Snapshot {
    var stream = found()
    stream.time += 10 * second
    stream.depth(sq: 0, cq: 0)
    var snapshot = stream.snapshot()
    var (own, peer) = (
      OpenFile(tgid: 10, fd: 5, kind: .socket, file: 0x500, inode: 70),
      OpenFile(tgid: 20, fd: 6, kind: .socket, file: 0x600, inode: 80)
    )
    own.addresses = "tcp 127.0.0.1:1, peer 127.0.0.1:2"
    own.peerInode = 80
    own.stream = StreamQueues(sendQueue: 1_000_000, window: window, unread: 0)
    peer.stream = StreamQueues(sendQueue: 0, window: 65_536, unread: 4096)
    snapshot.waits.time = snapshot.time
    snapshot.waits.files = [own, peer]
    snapshot.waits.threads = [ThreadState(tid: 20, tgid: 20, wait: .timed, since: 1)]
    snapshot.taskNames[20] = "reader"
    return snapshot
  }

  private static func findings(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).filter { $0.tag == "zero-copy-unread" }
  }

  @Test func aPeerThatDoesNotReadIsNamed() throws {
    let finding = try #require(Self.findings(Self.unread()).first)
    #expect(finding.requests == [1])
    for text in [
      "SEND_ZC 0x7", "1 MB are in the send queue to 127.0.0.1:2, whose window is 0",
      "process 20 (reader) has the other end (fd 6), with 4096 bytes unread: it does not read",
    ] {
      #expect(finding.summary.contains(text))
    }
  }

  @Test func aPeerThatReadsSlowlyIsNot() {
    #expect(Self.findings(Self.unread(window: 1)).isEmpty)
  }

  @Test func whileTheSendIsYoungNobodyIs() {
    var snapshot = Self.unread()
    snapshot.requests[0].startTime = snapshot.time - Self.second
    #expect(Self.findings(snapshot).isEmpty)
  }

  /// A send that has its result no longer uses the file, even if its notification is outstanding.
  @Test func aClosedDescriptorIsNoFaultThen() throws {
    var snapshot = Self.unread()
    let file = try #require(snapshot.requests[0].fileIdentity)
    snapshot.fileNames.closed[file] = FileNames.Closed(
      tgid: 10, fd: 5, now: "", itself: "", hasNone: true)
    var diagnosis = Diagnosis()
    #expect(!diagnosis.findings(in: snapshot).contains { $0.tag == "closed-descriptor" })
  }

  @Test func anotherFileAtTheAddressOfTheSocketIsNoEvidence() {
    var snapshot = Self.unread()
    snapshot.waits.files[0].inode = 71
    #expect(Self.findings(snapshot).isEmpty)
  }
}
