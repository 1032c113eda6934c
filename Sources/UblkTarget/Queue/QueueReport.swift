import Synchronization

/// What a queue's thread tells others, and is told.
final class QueueReport: Sendable {
  struct Contents {
    var status: QueueStatus
    var log: IOLog
    /// Why the queue is not served any more.
    var failure: TargetError?
  }

  private let contents: Mutex<Contents>
  /// Held I/Os shall be given back, and no more be held: the target stops.
  let isReleasing = Atomic(false)
  /// The device is stopped: what the driver has not given back by now, it never will.
  let isEnding = Atomic(false)
  /// Faults are made: not before the device is started, its partition scan shall succeed.
  let makesFaults = Atomic(false)

  init(queue: Int, configuration: Configuration) {
    contents = Mutex(
      Contents(
        status: QueueStatus(
          queue: queue, tags: Array(repeating: .idle, count: configuration.depth)),
        log: IOLog(capacity: configuration.logCapacity)))
  }

  var status: QueueStatus { contents.withLock { $0.status } }
  var failure: TargetError? { contents.withLock { $0.failure } }
  var records: [IORecord] { contents.withLock { $0.log.ordered } }

  func update(_ body: (inout Contents) -> Void) {
    contents.withLock { body(&$0) }
  }
}
