import UringTrace

extension Request.State {
  /// Its name on the screen and in filters. ``name`` is that in documents.
  public var label: String {
    switch self {
    case .submitted: "submitted"
    case .deferred: "deferred"
    case .linked: "linked"
    case .issued: "issued"
    case .pollArmed: "poll-armed"
    case .worker: "io-wq"
    case .taskWork: "task-work"
    case .awaitingNotification: "notif-wait"
    case .completed: "completed"
    case .overflowed: "overflowed"
    case .skipped: "skipped"
    case .ended: "ended"
    }
  }
}
