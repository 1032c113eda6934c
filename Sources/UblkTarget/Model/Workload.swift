/// A workload of the demonstration: a ublk target or its fallback.
public protocol Workload: AnyObject, Sendable {
  /// The current state. Cheap enough to be read for every frame of the screen.
  var status: Status { get }
  /// The last I/Os, oldest first: at most ``Configuration/logCapacity`` for each queue.
  var records: [IORecord] { get }
  /// Ends the workload, removes everything that it created, and waits until this is done. A second
  /// call does nothing.
  func stop()
}
