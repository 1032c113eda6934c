import Testing
import UringFindings

@testable import UringTrace

/// Tests of the rule `leaked-request`: no thread waits for a request's completion. If at least one
/// thread may reap the CQE, the rule reports nothing.
@Suite struct AbandonedRequestTests {
  private static let second: UInt64 = 1_000_000_000

  /// A snapshot in which RECV 0x1 is in flight on fd 4 of process 10, a socket with inode 7. The
  /// only thread of the process sleeps. The process also holds the socket's peer, fd 5.
  private static func abandoned() -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 1) { $0.fd = 4 }
    stream.pollArm(1)
    stream.parked(1, "RECV", userData: 1) { $0.poll_events = 1 }
    stream.depth(sq: 0, cq: 0)
    stream.time += 10 * second
    stream.depth(sq: 0, cq: 0)
    var snapshot = stream.snapshot()
    snapshot.rings[0].ownerTgid = 10
    snapshot.rings[0].descriptors = [Ring.Descriptor(tgid: 10, fd: 3)]
    snapshot.waits.time = snapshot.time - second
    snapshot.waits.isComplete = true
    var ring = OpenFile(tgid: 10, fd: 3, kind: .ring, file: 50)
    ring.ring = snapshot.rings[0].id
    var (own, peer) = (
      OpenFile(tgid: 10, fd: 4, kind: .socket, file: 70, inode: 7),
      OpenFile(tgid: 10, fd: 5, kind: .socket, file: 80, inode: 8)
    )
    (own.peerInode, peer.peerInode, own.references) = (8, 7, 2)
    snapshot.waits.files = [ring, own, peer]
    var thread = ThreadState(tid: 100, tgid: 10, wait: .timed, since: 1)
    thread.call = "clock_nanosleep"
    snapshot.waits.threads = [thread]
    return snapshot
  }

  private static func findings(_ snapshot: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).filter { $0.tag == "leaked-request" }
  }

  @Test func itsThreadAndTheOtherEndAreNamed() throws {
    let finding = try #require(Self.findings(Self.abandoned()).first)
    #expect(finding.severity == .warn && finding.requests == [1])
    for text in [
      "RECV 0x1", "nothing waits for it", "is blocked in clock_nanosleep()",
      "the other end of its socket is fd 5 of the same process",
    ] {
      #expect(finding.summary.contains(text))
    }
  }

  @Test func aPeerInAnotherProcessMayStillAnswer() throws {
    var snapshot = Self.abandoned()
    snapshot.waits.files[2].tgid = 20
    let finding = try #require(Self.findings(snapshot).first)
    #expect(finding.severity == .info && finding.summary.contains("is fd 5 of process 20"))
  }

  @Test func aThreadThatSleepsAgainAndAgainDoesNotLook() throws {
    var snapshot = Self.abandoned()
    snapshot.waits.threads[0].wait = .runs
    let finding = try #require(Self.findings(snapshot).first)
    #expect(finding.summary.contains("sleeps in clock_nanosleep() and wakes occasionally"))
  }

  struct Attention: CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout Snapshot) -> Void
  }

  static let attentions: [Attention] = [
    Attention(testDescription: "the ring's descriptor is polled") { $0.rings[0].isPolled = true },
    Attention(testDescription: "the ring signals an eventfd") { $0.rings[0].eventfd = .all },
    Attention(testDescription: "a thread runs") {
      ($0.waits.threads[0].wait, $0.waits.threads[0].call) = (.runs, "")
    },
    Attention(testDescription: "a thread waited a second ago") {
      $0.rings[0].lastWaitTime = $0.time - second
    },
    Attention(testDescription: "the look at waits omitted something") {
      $0.waits.isComplete = false
    },
    Attention(testDescription: "records were lost") { $0.lost.ringBufferFull = 1 },
    Attention(testDescription: "the request is young") { $0.requests[0].startTime = $0.time },
    Attention(testDescription: "a CQE is in the queue") { $0.rings[0].cqPending = 1 },
  ]

  @Test(arguments: attentions) func whoMayLookIsEnough(_ attention: Attention) {
    var snapshot = Self.abandoned()
    attention.change(&snapshot)
    #expect(Self.findings(snapshot).isEmpty)
  }
}
