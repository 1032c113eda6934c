import Synchronization
import UblkTarget
import UringBase
import UringSources
import UringTrace
import UringUI

/// The demonstration's running target: started on one thread, drawn and stopped on another.
final class RunningDemo: Sendable {
  private let running = Mutex<(any Workload)?>(nil)
  private let mixed = Mutex<MixedLoad?>(nil)

  var workload: (any Workload)? {
    get { running.withLock { $0 } }
    set { running.withLock { $0 = newValue } }
  }

  func startMixedLoad() throws(TargetError) {
    let load = try MixedLoad()
    mixed.withLock { $0 = load }
  }

  /// Stops the mixed load and the target.
  func stop() {
    mixed.withLock { $0 }?.stop()
    workload?.stop()
  }

  /// The status that the demo pane shows.
  var status: DemoStatus {
    if let workload { return DemoStatus(workload.status) }
    let now = MonotonicClock.now()
    return DemoStatus(target: "starting", mode: "", time: now, startTime: now)
  }
}

/// A live source with an additional notice.
final class DemoSource: SnapshotSource {
  private let source: any SnapshotSource
  private let notice: Mutex<String?>

  init(_ source: any SnapshotSource, notice: String?) {
    self.source = source
    self.notice = Mutex(notice)
  }

  func current() -> Snapshot { source.current() }

  func takeNotices() -> [Notice] {
    let own = notice.withLock { text in
      defer { text = nil }
      return text.map { [Notice($0)] } ?? []
    }
    return own + source.takeNotices()
  }

  func onChange(_ wake: (@Sendable () -> Void)?) { source.onChange(wake) }

  func dump(to path: String) { source.dump(to: path) }

  var controls: SourceControls { source.controls }
}
