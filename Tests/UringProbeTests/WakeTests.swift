import Glibc
import ProbeSupport
import Synchronization
import Testing
import UringSources

@testable import UringProbe

extension LiveTests {
  /// Tests that the reader thread sleeps until the next record of the BPF programs wakes it.
  @Suite struct WakeTests {
    /// Returns a session that makes a snapshot, and scans for rings, only every half minute.
    private static func session() throws -> LiveSession {
      try LiveSessionTests.session {
        $0.refreshInterval = .seconds(30)
        $0.scanInterval = .seconds(30)
        $0.filter.comms = ["links"]
      }
    }

    @Test func firstRecordAfterASilenceIsPublished() throws {
      let session = try Self.session()
      let isAsleep = eventually { session.hasInventory && session.isReaderAsleep }
      #expect(isAsleep)
      let child = try TestPrograms.start("links", "--hold")
      defer { _ = child.finish() }
      // The program's first record ends the reader's sleep, so the session shows it well before the
      // next snapshot is due.
      let isSeen = eventually { Comparison(session.current(), pid: child.pid).submitted > 0 }
      #expect(isSeen)
    }

    @Test func everyChangeIsAnnounced() throws {
      let session = try Self.session()
      let changes = Mutex(0)
      session.onChange { changes.withLock { $0 += 1 } }
      let before = changes.withLock { $0 }
      session.perform(.refresh)
      let isAnnounced = eventually { changes.withLock { $0 } > before }
      #expect(isAnnounced)
    }

    @Test func dumpWithoutAWriterIsRefusedWithANotice() throws {
      let session = try Self.session()
      session.dump(to: "/nowhere")
      var notices: [Notice] = []
      _ = eventually {
        notices += session.takeNotices()
        return !notices.isEmpty
      }
      #expect(notices.contains { $0.isError })
    }
  }
}
