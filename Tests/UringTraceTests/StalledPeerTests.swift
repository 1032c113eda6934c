import Testing
import UringFindings

@testable import UringTrace

/// Tests of a send that waits because the peer, a process on the same machine, does not read.
@Suite struct StalledPeerTests {
  /// Returns a snapshot in which thread 100 waits for SEND 0x1 on fd 4 of process 10, a socket with
  /// inode 7. Process 20 holds the socket's peer, fd 6.
  private func send(signals: UInt64 = 0) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    let start = stream.waitForPoll("SEND", userData: 1, fd: 4, events: 4)
    var snapshot = stream.snapshot()
    snapshot.rings[0].ownerTgid = 10
    snapshot.rings[0].waiter?.missing = 1
    snapshot.waits.time = snapshot.time
    var thread = ThreadState(tid: 100, tgid: 10, wait: .cqes(snapshot.rings[0].id), since: start)
    thread.signals = signals
    snapshot.waits.threads = [thread, ThreadState(tid: 20, tgid: 20, wait: .timed, since: start)]
    var (own, peer) = (
      OpenFile(tgid: 10, fd: 4, kind: .socket, file: 70, inode: 7),
      OpenFile(tgid: 20, fd: 6, kind: .socket, file: 80, inode: 8)
    )
    (own.peerInode, own.references, peer.pending) = (8, 2, 4096)
    var ring = OpenFile(tgid: 10, fd: 3, kind: .ring, file: 50)
    ring.ring = snapshot.rings[0].id
    snapshot.waits.files = [ring, own, peer]
    snapshot.taskNames[20] = "reader"
    return snapshot
  }

  private func waiting(_ snapshot: Snapshot) throws -> String {
    var diagnosis = Diagnosis()
    return try #require(
      diagnosis.findings(in: snapshot).first { $0.tag == "waiting" }
    ).summary
  }

  private static let peer = "socket:[7] is full, and its other end is fd 6 of process 20 (reader)"

  @Test func theProcessThatDoesNotReadIsNamed() throws {
    let summary = try waiting(send())
    #expect(summary.contains(Self.peer + "; the only thread of process 20 is 20"), "\(summary)")
  }

  /// A signal handler of the sender could shut the socket down, so a read by process 20 is not the
  /// only event that can end the wait.
  @Test func theProcessIsNamedIfTheSenderCatchesSignals() throws {
    let summary = try waiting(send(signals: 1 << 14))
    #expect(
      summary.contains(
        Self.peer
          + "; process 10 has signal handlers, which may read or write socket:[7]"), "\(summary)")
  }

  /// A finding must not name a peer that uringtop has not seen: one on another machine, or one that
  /// the recording lacks.
  @Test func aPeerThatWasNotSeenIsNot() throws {
    var snapshot = send()
    snapshot.waits.files.removeLast()
    let summary = try waiting(snapshot)
    #expect(summary.hasSuffix("which waits for POLLOUT of descriptor 4"), "\(summary)")
  }
}
