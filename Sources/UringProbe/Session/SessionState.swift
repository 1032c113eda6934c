import Synchronization
import UringBase
import UringSources
import UringTrace

/// State shared by the session's threads and the session's users.
final class SessionState: Sendable {
  struct Published: Sendable {
    var snapshot: Snapshot
    var notices: [Notice] = []
    var sinkError: (any Error)?
    /// Called after each change of the published state, if set.
    var wake: (@Sendable () -> Void)?
  }

  struct Commands: Sendable {
    var refreshInterval: UInt64
    var wantsRefresh = false
    var wantsInventory = false
    var inspections: [Request.ID] = []
    var dumps: [String] = []
    var isStopping = false
  }

  let published: Mutex<Published>
  let commands: Mutex<Commands>
  let wake: EventDescriptor
  let mailbox: SurveyorMailbox
  /// Advances whenever the reader thread or the surveyor thread does work.
  let progress: Progress

  init(host: HostDescription, options: LiveSession.Options) throws(ProbeError) {
    var empty = Aggregator(host: host, limits: options.limits)
    published = Mutex(Published(snapshot: empty.snapshot()))
    commands = Mutex(Commands(refreshInterval: options.refreshInterval.wholeNanoseconds))
    wake = try EventDescriptor()
    progress = Progress()
    mailbox = try SurveyorMailbox(sessionWake: wake, progress: progress)
  }

  func notify(_ notice: Notice) { publish { $0.notices.append(notice) } }

  /// Changes the published state and calls its `wake`.
  func publish(_ change: (inout Published) -> Void) {
    let wake = published.withLock { published in
      change(&published)
      return published.wake
    }
    wake?()
  }
}
