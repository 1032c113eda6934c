/// The workload of the demonstration: a ublk target, or its fallback.
public protocol Workload: AnyObject, Sendable {
  /// The current state. Cheap enough for every frame.
  var status: Status { get }
  /// The last I/Os, oldest first. The bound is ``Configuration/logCapacity`` for each queue.
  var records: [IORecord] { get }
  /// Ends it and removes all that it created. Waits; a second call does nothing.
  func stop()
}
