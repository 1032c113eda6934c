import UblkTarget
import UringUI

extension DemoStatus {
  /// The status of a target for the demo pane.
  init(_ status: UblkTarget.Status) {
    self.init(
      target: status.target.rawValue, mode: status.mode, device: status.device,
      backing: status.backing, size: status.size, time: status.time, startTime: status.startTime,
      queues: status.queues.map { Queue($0) })
    let totals = status.totals
    ios = totals.ios
    readBytes = totals.readBytes
    writtenBytes = totals.writtenBytes
    members = totals.members
    groups = totals.groups
    errors = status.errors
    if let load = status.load { self.load = Self.counts(load) }
    faults = Fault.allCases.compactMap { fault in
      totals.faults[fault].map { Count(fault.rawValue, $0) }
    }
    failure = status.failure ?? status.load?.failure
  }

  private static func counts(_ load: LoadStatus) -> [Count] {
    [
      Count("reads", load.reads), Count("writes", load.writes),
      Count("in flight", UInt64(max(0, load.inFlight))), Count("verified", load.verified),
      Count("mismatches", load.mismatches, isError: true),
      Count("failed", load.failures.values.reduce(0, +), isError: true),
    ]
  }
}

extension DemoStatus.Queue {
  fileprivate init(_ queue: QueueStatus) {
    self.init(
      number: queue.queue, tid: UInt32(bitPattern: queue.thread),
      tags: queue.tags.map { DemoStatus.Phase($0) }, ios: queue.totals.ios,
      errors: queue.totals.errors)
  }
}

extension DemoStatus.Phase {
  fileprivate init(_ phase: TagPhase) {
    self =
      switch phase {
      case .idle: .idle
      case .fetched: .fetched
      case .provided: .provided
      case .running: .running
      case .committing: .committing
      case .held: .held
      }
  }
}
