import Glibc
import UringFindings
import UringTrace

/// When a watch without a COMMAND may end before its time: nothing can change the answer any more.
struct EarlyEnd {
  /// The processes that are watched; empty for all of the machine.
  var pids: [UInt32]

  func isReached(_ snapshot: Snapshot) -> Bool {
    haveExited || isStill(snapshot)
  }

  private var haveExited: Bool {
    !pids.isEmpty && pids.allSatisfy { kill(pid_t(bitPattern: $0), 0) != 0 && errno == ESRCH }
  }

  /// All rings are older than the watch, nothing has happened on any of them, and it lasted as long as the rule with
  /// the most patience needs.
  private func isStill(_ snapshot: Snapshot) -> Bool {
    !snapshot.rings.isEmpty
      && snapshot.rings.allSatisfy { ring in
        ring.isFound && !ring.isClosed && ring.counts.submitted == 0 && ring.counts.cqes == 0
          && ring.counts.waits == 0 && ring.firstLook != 0
          && ring.lastLook.since(ring.firstLook) >= FindingRule.longestWatch
      }
  }
}
