import CRecord
import UringBase
import UringRecords
import UringSources

/// Detects events without a record: lost, only counted, seen by no program, or not even counted.
struct LossWatch: ~Copyable {
  private let capture: SharedCapture
  private let flush: SharedFlush
  private let state: SessionState
  private var tallies: TallyReader
  private var lost = GrowingCount()
  private var missed = GrowingCount()
  private var uncounted = GrowingCount()
  /// Missed runs at the last check. Some may not be losses: a twin may have been about to handle the event.
  private var missedBefore: UInt64 = 0
  /// Checks in a row that found a loss.
  private var streak = 0
  private var nextCheck: UInt64 = 0
  /// True if records have arrived since the last check. Nothing is lost while nothing is written.
  private var isDue = false

  private static let interval: UInt64 = 100_000_000
  /// Time between checks while no run is missing and the ring buffer is never half full, so it cannot have been full.
  private static let calmInterval: UInt64 = 1_000_000_000
  /// Number of checks in two seconds.
  private static let lastingLoss = 20

  init(capture: SharedCapture, flush: SharedFlush, state: SessionState) throws(ProbeError) {
    self.capture = capture
    self.flush = flush
    self.state = state
    tallies = try TallyReader(capture: capture.object)
  }

  /// Time of the next check; nil if none is due.
  var dueTime: UInt64? { isDue ? nextCheck : nil }

  /// Notes that records have arrived.
  mutating func noteRecords() { isDue = true }

  /// Records of the losses since the last check.
  ///
  /// - Returns: the records, and whether anything was lost.
  mutating func check(
    at time: UInt64, lostBySink: UInt64
  ) -> (records: RecordBuffer, isLosing: Bool) {
    isDue = false
    var records = RecordBuffer()
    let newlyLost = lost.takeNew(capture.object.lostRecords())
    let missedNow = capture.object.missedRuns() + flush.missedRuns()
    let newlyMissed = missed.takeNew(min(missedNow, missedBefore))
    // Only another check can confirm the other misses.
    isDue = missedNow > missed.taken
    missedBefore = missedNow
    // Read after the counters, so that no counted loss is later. Requests with older records become suspects.
    let readTime = MonotonicClock.now()
    Self.append(newlyLost, .ringBufferFull, at: readTime, to: &records)
    Self.append(newlyMissed, .notRun, at: readTime, to: &records)
    Self.append(lostBySink, .outputStalled, at: readTime, to: &records)
    let isLosing = !records.isEmpty
    reportUncounted(at: readTime, to: &records)
    nextCheck = time + (isLosing || isDue ? Self.interval : Self.calmInterval)
    warn(isLosing)
    // The programs count events whose records were lost.
    var counts = RecordBuffer()
    tallies.read(into: &counts)
    records.append(counts)
    return (records, isLosing)
  }

  private static func append(
    _ count: UInt64, _ cause: LossCause, at time: UInt64, to records: inout RecordBuffer
  ) {
    guard count > 0 else { return }
    records.append(record_lost.self, at: time) {
      $0.count = count
      $0.cause = cause
    }
  }

  /// Records the events that found no free counter, and notifies the user of the first.
  private mutating func reportUncounted(at time: UInt64, to records: inout RecordBuffer) {
    let isFirst = uncounted.taken == 0
    let new = uncounted.takeNew(tallies.uncounted)
    if new > 0, isFirst {
      state.notify(
        Notice(
          "more rings and opcodes than uringtop has counters for: counts are too low. "
            + "Use --pid or --op to count fewer", isError: true))
    }
    Self.append(new, .uncounted, at: time, to: &records)
  }

  /// Notifies the user of a lasting loss and suggests a remedy.
  private mutating func warn(_ isLosing: Bool) {
    streak = isLosing ? streak + 1 : 0
    guard streak >= Self.lastingLoss else { return }
    streak = -10 * Self.lastingLoss
    state.notify(
      Notice(
        "records are being lost: counts are exact, but some requests are missing. "
          + "Use --pid, --op or --sample 1/10 to record fewer",
        isError: true))
  }
}

/// A count that only grows, and how much of it was taken.
private struct GrowingCount {
  private(set) var taken: UInt64 = 0

  /// What was added since the last call.
  mutating func takeNew(_ count: UInt64) -> UInt64 {
    guard count > taken else { return 0 }
    defer { taken = count }
    return count - taken
  }
}
