import Synchronization

/// State that a queue's thread shares with other threads.
final class QueueReport: Sendable {
  struct Contents {
    var status: QueueStatus
    var log: IOLog
    /// Why the queue is no longer served.
    var failure: TargetError?
  }

  private let contents: Mutex<Contents>
  /// Set when the target stops. The server then commits held I/Os and holds no more.
  let isReleasing = Atomic(false)
  /// Set when the device has stopped. The driver then returns no more tags.
  let isEnding = Atomic(false)
  /// Set while faults are injected. Not before the device has started, because the kernel's
  /// partition scan must succeed.
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
