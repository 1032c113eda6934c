import Synchronization
import UringBase
import UringRecords
import UringSources
import UringTrace

/// Work and answers that the two threads of a session exchange.
///
/// The session's thread reads the ring buffer and must never wait; the surveyor's runs iterators and
/// reads /proc.
final class SurveyorMailbox: Sendable {
  struct Requests: Sendable {
    var created: [(ring: UInt64, time: UInt64)] = []
    var suspects: [SuspectRequest] = []
    var names: [NameResolver.Subject] = []
    /// User stacks that need names.
    var stacks: [UserStackKey] = []
    /// Scan for rings now.
    var wantsScan = false
    /// Take the inventory of every ring.
    var wantsInventory = false
    /// Look closely at these requests.
    var inspections: [SuspectRequest] = []
    var isStopping = false
  }

  struct Answers: Sendable {
    var records = RecordBuffer()
    var notices: [Notice] = []
    /// True while a walk over the free lists is under way or requested.
    var isWalking = false
    /// Inventories taken or given up.
    var inventories = 0
  }

  let requests = Mutex(Requests())
  let answers = Mutex(Answers())
  /// Wakes the surveyor.
  let wake: EventDescriptor
  /// Wakes the session's thread.
  private let sessionWake: EventDescriptor
  /// Advances with each part of the surveyor's work.
  let progress: Progress

  init(sessionWake: EventDescriptor, progress: Progress) throws(ProbeError) {
    wake = try EventDescriptor()
    self.sessionWake = sessionWake
    self.progress = progress
  }

  /// Adds to the surveyor's work and wakes it.
  func ask(_ change: (inout Requests) -> Void) {
    requests.withLock { change(&$0) }
    wake.signal()
  }

  /// Asks the surveyor to look for requests that may have ended unnoticed.
  func ask(about suspects: [SuspectRequest]) {
    answers.withLock { $0.isWalking = true }
    ask { $0.suspects = suspects }
  }

  /// Takes the notices from the answers.
  func takeNotices() -> [Notice] {
    answers.withLock { answers in
      defer { answers.notices = [] }
      return answers.notices
    }
  }

  /// Adds to the answers and wakes the session's thread.
  func answer(_ change: (inout Answers) -> Void) {
    answers.withLock { change(&$0) }
    sessionWake.signal()
  }
}
