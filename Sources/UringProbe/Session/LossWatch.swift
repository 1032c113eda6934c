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
  private var lostSoFar: UInt64 = 0
  private var missedSoFar: UInt64 = 0
  private var uncountedSoFar: UInt64 = 0
  /// Missed runs at the last check. Some may not be losses: a twin may have been about to handle the event.
  private var missedBefore: UInt64 = 0
  /// Checks in a row that found a loss.
  private var streak = 0
  /// Time of the next check.
  private(set) var nextCheck: UInt64 = 0
  /// True if records have arrived since the last check. Nothing is lost while nothing is written.
  var isDue = false

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

  /// Records of the losses since the last check.
  ///
  /// - Returns: the records, and whether anything was lost.
  mutating func check(
    at time: UInt64, lostBySink: UInt64
  ) -> (records: RecordBuffer, isLosing: Bool) {
    isDue = false
    var records = RecordBuffer()
    let lost = capture.object.lostRecords()
    let missed = capture.object.missedRuns() + flush.missedRuns()
    // Read after the counters, so that no counted loss is later. Requests with older records become suspects.
    let readTime = MonotonicClock.now()
    if lost > lostSoFar {
      Self.append(lost - lostSoFar, .ringBufferFull, at: readTime, to: &records)
      lostSoFar = lost
    }
    let certain = min(missed, missedBefore)
    if certain > missedSoFar {
      Self.append(certain - missedSoFar, .notRun, at: readTime, to: &records)
      missedSoFar = certain
    }
    // Only another check can confirm these misses.
    isDue = missed > missedSoFar
    missedBefore = missed
    if lostBySink > 0 { Self.append(lostBySink, .outputStalled, at: readTime, to: &records) }
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
    records.append(record_lost.self, at: time) {
      $0.count = count
      $0.cause = cause
    }
  }

  /// Records the events that found no free counter, and notifies the user of the first.
  private mutating func reportUncounted(at time: UInt64, to records: inout RecordBuffer) {
    let uncounted = tallies.uncounted
    guard uncounted > uncountedSoFar else { return }
    if uncountedSoFar == 0 {
      state.notify(
        Notice(
          "more rings and opcodes than uringtop has counters for: counts are too low. "
            + "Use --pid or --op to count fewer", isError: true))
    }
    Self.append(uncounted - uncountedSoFar, .uncounted, at: time, to: &records)
    uncountedSoFar = uncounted
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
