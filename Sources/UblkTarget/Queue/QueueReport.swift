import Synchronization

/// State that a queue's thread shares with others.
final class QueueReport: Sendable {
  struct Contents {
    var status: QueueStatus
    var log: IOLog
    /// Why the queue is no longer served.
    var failure: TargetError?
  }

  private let contents: Mutex<Contents>
  /// Set when the target stops: return held I/Os and hold no more.
  let isReleasing = Atomic(false)
  /// Set when the device has stopped: the driver returns no more tags.
  let isEnding = Atomic(false)
  /// Set when faults are injected: after the start, because its partition scan must succeed.
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
