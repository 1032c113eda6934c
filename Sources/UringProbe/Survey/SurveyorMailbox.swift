import Synchronization
import UringBase
import UringRecords
import UringSources
import UringTrace

/// Work and answers that the reader thread and the surveyor thread of a session exchange.
///
/// The reader thread reads the record buffer and must never wait. The surveyor thread runs BPF
/// iterators and reads /proc, which can take long.
final class SurveyorMailbox: Sendable {
  struct Requests: Sendable {
    var created: [(ring: UInt64, time: UInt64)] = []
    var suspects: [SuspectRequest] = []
    var names: [NameResolver.Subject] = []
    /// User stacks whose functions must be named.
    var stacks: [UserStackKey] = []
    /// True to scan for rings at once.
    var wantsScan = false
    /// True to take an inventory of all rings at once.
    var wantsInventory = false
    /// Requests to examine one by one, by an inventory of each.
    var inspections: [SuspectRequest] = []
    var isStopping = false
  }

  struct Answers: Sendable {
    var records = RecordBuffer()
    var notices: [Notice] = []
    /// True while a check of suspects (BPF iterators over lists of free requests) is under way or
    /// requested.
    var isWalking = false
    /// Number of inventories that were taken or have failed.
    var inventories = 0
  }

  let requests = Mutex(Requests())
  let answers = Mutex(Answers())
  /// Wakes the surveyor thread.
  let wake: EventDescriptor
  /// Wakes the reader thread.
  private let sessionWake: EventDescriptor
  /// Advances with each part of the surveyor's work.
  let progress: Progress

  init(sessionWake: EventDescriptor, progress: Progress) throws(ProbeError) {
    wake = try EventDescriptor()
    self.sessionWake = sessionWake
    self.progress = progress
  }

  /// Adds work for the surveyor thread and wakes it.
  func ask(_ change: (inout Requests) -> Void) {
    requests.withLock { change(&$0) }
    wake.signal()
  }

  /// Makes the surveyor thread check whether these requests have ended unnoticed.
  func ask(about suspects: [SuspectRequest]) {
    answers.withLock { $0.isWalking = true }
    ask { $0.suspects = suspects }
  }

  /// Returns the notices in the answers and removes them.
  func takeNotices() -> [Notice] {
    answers.withLock { answers in
      defer { answers.notices = [] }
      return answers.notices
    }
  }

  /// Adds answers for the reader thread and wakes it.
  func answer(_ change: (inout Answers) -> Void) {
    answers.withLock { change(&$0) }
    sessionWake.signal()
  }
}
