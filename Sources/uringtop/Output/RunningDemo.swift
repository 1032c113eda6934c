import Synchronization
import UblkTarget
import UringTrace
import UringUI

/// The demonstration's target once it runs: started on one thread, drawn and stopped on another.
final class RunningDemo: Sendable {
  private let running = Mutex<(any Workload)?>(nil)

  var workload: (any Workload)? {
    get { running.withLock { $0 } }
    set { running.withLock { $0 = newValue } }
  }

  /// What the demo pane shows.
  var status: DemoStatus {
    if let workload { return DemoStatus(workload.status) }
    let now = MonotonicClock.now()
    return DemoStatus(target: "starting", mode: "", time: now, startTime: now)
  }
}

/// A live source that has one thing more to say.
final class DemoSource: SnapshotSource {
  private let source: any SnapshotSource
  private let notice: Mutex<String?>

  init(_ source: any SnapshotSource, notice: String?) {
    self.source = source
    self.notice = Mutex(notice)
  }

  func current() -> Snapshot { source.current() }

  var timeline: Timeline? { source.timeline }

  func perform(_ command: SourceCommand) { source.perform(command) }

  func takeNotices() -> [Notice] {
    let own = notice.withLock { text in
      defer { text = nil }
      return text.map { [Notice($0)] } ?? []
    }
    return own + source.takeNotices()
  }
}

extension DemoStatus {
  init(_ status: Status) {
    self.init(
      target: status.target.rawValue, mode: status.mode, device: status.device,
      backing: status.backing == "null" ? "" : status.backing, size: status.size,
      time: status.time, startTime: status.startTime,
      queues: status.queues.map { queue in
        Queue(
          number: queue.queue, tid: UInt32(max(0, queue.thread)),
          tags: queue.tags.map { Phase($0) }, ios: queue.totals.ios, errors: queue.totals.errors)
      })
    let totals = status.totals
    ios = totals.ios
    readBytes = totals.readBytes
    writtenBytes = totals.writtenBytes
    members = totals.members
    groups = totals.groups
    errors = status.errors
    failure = status.failure ?? status.load?.failure
    faults = Fault.allCases.compactMap { fault in
      totals.faults[fault].map { Count(fault.rawValue, $0) }
    }
    if let load = status.load {
      self.load = [
        Count("I/Os", load.ios), Count("blocks verified", load.verified),
        Count("mismatches", load.mismatches, isError: true),
        Count("failed", load.failures.values.reduce(0, +), isError: true),
      ]
    }
  }
}

extension DemoStatus.Phase {
  init(_ phase: TagPhase) {
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
