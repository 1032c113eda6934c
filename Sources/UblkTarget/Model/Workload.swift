/// What the demonstration runs: a ublk target, or what takes its place.
public protocol Workload: AnyObject, Sendable {
  /// What it does now. Cheap enough for every frame.
  var status: Status { get }
  /// The last I/Os, oldest first. The bound is ``Configuration/logCapacity`` for each queue.
  var records: [IORecord] { get }
  /// Ends it and removes all it made. Waits; calling it again does nothing.
  func stop()
}
