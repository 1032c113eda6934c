import UringTrace

/// Decides when an inventory (BPF iterators over the kernel's lists of requests) is due because a
/// request may have a state that no record showed: the kernel reports neither the arming of a
/// POLL_ADD nor the start of a LINK_TIMEOUT.
struct StateRefresh {
  /// Time at which ``isDue(_:at:)`` last requested an inventory; nanoseconds, CLOCK_MONOTONIC, 0 if
  /// never.
  private var asked: UInt64 = 0
  /// True until the inventory requested at ``asked`` has arrived.
  private var isAwaited = false
  private var pause = Self.least

  /// Nanoseconds without a record after which the state of a request counts as doubtful.
  private static let patience: UInt64 = 1_000_000_000
  /// Minimum nanoseconds between inventories.
  private static let least: UInt64 = 5_000_000_000
  /// Minimum ratio of the time between two inventories to the duration of the first, so that
  /// inventories take at most 1 % of the time.
  private static let share: UInt64 = 100
  /// Number of requests in flight above which only the user can request an inventory, because an
  /// inventory needs memory for each request.
  private static let mostInFlight = 10_000
  /// Number of requests to check for a doubtful state: the oldest ones, which a screen shows.
  private static let most = 256

  /// Notes that an inventory has arrived. Only one that ``isDue(_:at:)`` requested shows how long an
  /// inventory takes: the user requests others, and the page of a request does.
  mutating func note(arrivedAt now: UInt64) {
    guard isAwaited else { return }
    isAwaited = false
    pause = max(Self.least, now.since(asked) * Self.share)
  }

  /// True if an inventory is due, which then counts as requested.
  mutating func isDue(_ snapshot: Snapshot, at now: UInt64) -> Bool {
    guard now.since(asked) >= pause, snapshot.requests.count <= Self.mostInFlight else {
      return false
    }
    let isDoubtful = snapshot.requests.prefix(Self.most).contains { request in
      Self.doubtful.contains(request.state) && request.lastTime > asked
        && now.since(request.lastTime) >= Self.patience
    }
    guard isDoubtful else { return false }
    (asked, isAwaited) = (now, true)
    return true
  }

  /// States that a request can leave without a record: only an inventory shows the new state.
  private static let doubtful: Set<Request.State> = [.submitted, .issued, .linked]
}
