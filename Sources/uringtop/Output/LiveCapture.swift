import UringTrace

/// A live capture, as the commands need it: errors with exit statuses, recording, the end.
final class LiveCapture: Sendable {
  let source: any SnapshotSource
  init(source: any SnapshotSource) { self.source = source }

  static func start(
    filter: Filter, tree: UInt32? = nil, refreshInterval: Duration, recorder: Recorder?
  ) throws(Failure) -> LiveCapture {
    throw Failure(ExitStatus.unsupportedKernel, "no probe yet")
  }
  func stop() {}
  var lostInKernel: UInt64 { 0 }
  func finalSnapshot() -> Snapshot { source.current() }
}

enum CapabilityReport {
  static func make(json: Bool) throws(Failure) -> [UInt8] { [] }
}
