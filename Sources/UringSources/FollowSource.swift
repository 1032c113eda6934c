import Glibc
import UringBase
import UringRecordings
import UringRecords
import UringTrace

/// A source of snapshots from a recording that is still being written, usually on another machine.
///
/// One thread reads the recording. Another passes the records to the aggregator and makes
/// snapshots. When the recording ends or the connection is lost, the last snapshot remains.
public final class FollowSource: SnapshotSource, LiveControls {
  private struct State {
    /// Bytes that the reading thread has read and the other thread has not yet taken.
    var incoming: [UInt8] = []
    var isAtEnd = false
    var snapshot: Snapshot
    var notices: [Notice] = []
    var wake: (@Sendable () -> Void)?
    var interval: UInt64
    var wantsRefresh = false
    var isStopping = false
    var isOver = false
  }

  /// Maximum number of buffered bytes. At this limit the reading thread waits, and the output of
  /// the recording machine stalls.
  private static let mostWaiting = 16 << 20
  /// Nanoseconds by which a record may arrive later than its time suggests, because the recorder
  /// collects records before it writes them.
  private static let lateness: UInt64 = 300_000_000
  /// Nanoseconds from the first record after a silence to the snapshot that shows it.
  private static let firstRecordDelay: UInt64 = 20_000_000
  /// Minimum nanoseconds between two snapshots, if new records cause the second one before the
  /// refresh interval has passed.
  private static let firstRecordInterval: UInt64 = 250_000_000

  private let state: Monitor<State>
  private let name: String
  private let follower: WorkerThread

  /// Starts to follow a recording.
  ///
  /// - Parameters:
  ///   - name: name of the recording in notices.
  ///   - takeMessages: returns the messages from the recording machine since the last call.
  public init(
    _ stream: OpenStream, name: String, filter: Filter = Filter(), refreshInterval: Duration,
    takeMessages: @escaping @Sendable () -> [String] = { [] }
  ) throws(ThreadError) {
    var first = Aggregator(host: stream.header.host)
    let state = Monitor(
      State(snapshot: first.snapshot(), interval: refreshInterval.wholeNanoseconds))
    self.state = state
    self.name = name
    follower = try WorkerThread("follower", orThrow: ThreadError.init) {
      Self.follow(stream, state, name: name, filter, takeMessages)
    }
    // Detached: this thread blocks in a read until the sender closes the connection, and the
    // process must not wait for it.
    try WorkerThread("stream", orThrow: ThreadError.init) { Self.read(stream, state) }.detach()
  }

  deinit {
    state.change { $0.isStopping = true }
    follower.join()
  }

  public func current() -> Snapshot { state.withLock { $0.snapshot } }

  public func takeNotices() -> [Notice] {
    state.withLock { state in
      defer { state.notices = [] }
      return state.notices
    }
  }

  public func onChange(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }

  public func dump(to path: String) {
    tell(
      Notice(
        "a followed recording is not kept here: record it there, or through tee", isError: true))
  }

  public var controls: SourceControls { .live(self) }

  public var isOver: Bool { state.withLock { $0.isOver } }

  public func perform(_ command: LiveCommand) {
    switch command {
    case .setRefreshInterval(let interval):
      state.change { $0.interval = interval.wholeNanoseconds }
    case .refresh: state.change { $0.wantsRefresh = true }
    case .inventory: tell(Notice("an inventory is possible only on the recording machine"))
    case .inspect: break
    }
  }

  private func tell(_ notice: Notice) {
    let wake = state.change { state in
      state.notices.append(notice)
      return state.wake
    }
    wake?()
  }

  // MARK: Threads

  private static func read(_ stream: OpenStream, _ state: Monitor<State>) {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = stream.read(into: &chunk)
      guard count > 0 else { break }
      let isStopping = state.wait(
        until: nil, for: { $0.incoming.count < mostWaiting || $0.isStopping },
        then: { $0.isStopping })
      if isStopping { return }
      state.change { $0.incoming.append(contentsOf: chunk[..<count]) }
    }
    state.change { $0.isAtEnd = true }
  }

  private static func follow(
    _ opened: OpenStream, _ monitor: Monitor<State>, name: String, _ filter: Filter,
    _ takeMessages: @Sendable () -> [String]
  ) {
    var stream = opened.takeStream()
    var aggregator = Aggregator(host: opened.header.host)
    var (last, received) = (UInt64(0), MonotonicClock.now())
    var (shown, due) = (UInt64(0), UInt64(0))
    while true {
      let (incoming, isAtEnd, isStopping) = monitor.wait(
        until: due, for: { !$0.incoming.isEmpty || $0.isAtEnd || $0.wantsRefresh || $0.isStopping },
        then: { state in
          defer { state.incoming.removeAll(keepingCapacity: true) }
          if state.wantsRefresh { due = 0 }
          state.wantsRefresh = false
          return (state.incoming, state.isAtEnd, state.isStopping)
        })
      // Wakes the reading thread, which may wait for room in `incoming`.
      monitor.change { _ in }
      if isStopping { return }
      var hasRecords = false
      // `append` throws only for an invalid header, which `OpenStream` has already read.
      try? stream.append(incoming[...])
      stream.takeRecords { records in
        hasRecords = true
        last = max(last, lastTime(of: records))
        aggregator.consume(contentsOf: records)
      }
      if isAtEnd { stream.finish() }
      let isCrowded = aggregator.entryCount > RecordingFlaw.mostEntries
      let ending = isCrowded ? .flaw(.crowded) : stream.ending
      let now = MonotonicClock.now()
      if hasRecords {
        received = now
        due = min(due, max(now + firstRecordDelay, shown + firstRecordInterval))
      }
      if ending == nil, now < due { continue }
      if ending == nil, last > 0 { aggregator.advance(to: last + now.since(received + lateness)) }
      let snapshot = filter.apply(to: aggregator.snapshot())
      var notices = takeMessages().map { Notice("\(name): \($0)", isError: true) }
      if let ending { notices.append(Notice(ending, of: name)) }
      shown = now
      let wake = monitor.change { state in
        state.snapshot = snapshot
        state.notices += notices
        state.isOver = ending != nil
        due = ending == nil ? now + max(state.interval, 1_000_000) : .max
        return state.wake
      }
      wake?()
      if ending != nil {
        monitor.change { $0.isStopping = true }
        return
      }
    }
  }

  private static func lastTime(of records: UnsafeRawBufferPointer) -> UInt64 {
    RecordSequence(bytes: records).reduce(0) { max($0, $1.pointee.time_ns) }
  }
}

extension Notice {
  fileprivate init(_ ending: RecordStream.Ending, of name: String) {
    switch ending {
    case .complete: self.init("\(name): the recording has ended")
    case .flaw(.cutOff):
      self.init("\(name): the connection was lost; the last state remains", isError: true)
    case .flaw(let flaw):
      self.init("\(name): \(flaw); the last state remains", isError: true)
    }
  }
}
