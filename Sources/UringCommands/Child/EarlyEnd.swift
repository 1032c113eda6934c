import Glibc
import UringFindings
import UringTrace

/// Decides when a watch without a COMMAND may end early, because watching longer cannot change the
/// report.
struct EarlyEnd {
  /// The watched processes; empty for the whole machine.
  var pids: [UInt32]

  func isReached(_ snapshot: Snapshot) -> Bool {
    haveExited || isStill(snapshot)
  }

  private var haveExited: Bool {
    !pids.isEmpty && pids.allSatisfy { kill(pid_t(bitPattern: $0), 0) != 0 && errno == ESRCH }
  }

  /// True if all rings are older than the watch, nothing has happened on any of them, and each has
  /// been watched for as long as any rule needs.
  private func isStill(_ snapshot: Snapshot) -> Bool {
    !snapshot.rings.isEmpty
      && snapshot.rings.allSatisfy { ring in
        ring.isFound && !ring.isClosed && ring.counts.submitted == 0 && ring.counts.cqes == 0
          && ring.counts.waits == 0 && ring.firstLook != 0
          && ring.lastLook.since(ring.firstLook) >= FindingRule.longestWatch
      }
  }
}
