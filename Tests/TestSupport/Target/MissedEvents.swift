import CRecord
import UringRecordings

/// Missed events of a loss record: events for which the kernel ran no BPF program (Linux 7.x, on a
/// busy machine). `count` is their maximum number; `earliest` and `latest` bound the time at which
/// they occurred.
public struct MissedEvents: Sendable {
  public var count: UInt64
  public var earliest: UInt64
  public var latest: UInt64

  public init(count: UInt64, earliest: UInt64, latest: UInt64) {
    self.count = count
    self.earliest = earliest
    self.latest = latest
  }

  /// The longest time from a missed event to its loss record. `LossWatch` checks every 1 s and
  /// confirms a loss after another 100 ms; the sum is doubled, because a busy machine can delay
  /// `LossWatch`.
  private static let longestInterval: UInt64 = 2_200_000_000
  /// Tolerance for missed events that `LossWatch` counted although they fired after it had read the
  /// clock.
  private static let slack: UInt64 = 100_000_000

  /// Returns the missed events of all loss records in a recording.
  public static func all(in recording: Recording) -> [MissedEvents] {
    var all: [MissedEvents] = []
    recording.forEachRecord { record in
      guard record.pointee.kind == .lost else { return }
      let lost = UnsafeRawPointer(record).load(as: record_lost.self)
      guard lost.cause == .notRun else { return }
      let time = lost.base.time_ns
      all.append(
        MissedEvents(
          count: lost.count, earliest: time - min(time, longestInterval), latest: time + slack))
    }
    return all
  }
}

extension TargetComparison {
  /// Excuses differences that missed events can explain. Each missed event excuses two consecutive
  /// I/Os of one tag at the time of the event, but only if uringtop lacks a fact about these I/Os.
  /// All other differences remain.
  mutating func excuse(_ missed: [MissedEvents]) {
    var missed = missed
    let differing = Dictionary(grouping: allDifferences.filter { $0.io != nil }) { IO($0.io!) }
    let tags = logged.keys.sorted { ($0.queue, $0.tag) < ($1.queue, $1.tag) }
    for ios in tags.compactMap({ logged[$0] }) {
      var index = 0
      while index < ios.count {
        guard differing[IO(ios[index])] != nil else {
          index += 1
          continue
        }
        let affected = ios[index..<min(index + 2, ios.count)]
        let differences = affected.flatMap { differing[IO($0)] ?? [] }
        let start = index == 0 ? 0 : ios[index - 1].committedNs
        let end = index + 2 < ios.count ? ios[index + 2].fetchedNs : UInt64.max
        let window = missed.firstIndex {
          $0.count > 0 && $0.earliest <= end && $0.latest >= start
        }
        if let window, differences.contains(where: \.isAbsence) {
          missed[window].count -= 1
          excusedIOs.formUnion(affected.map { IO($0) })
          index += affected.count
        } else {
          index += 1
        }
      }
    }
  }
}
