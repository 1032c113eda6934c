import CRecord
import UringBase
import UringRecords
import UringSources

/// Looks for events without a record: lost, counted only, or seen by no program.
struct LossWatch: ~Copyable {
  private let capture: SharedCapture
  private let flush: SharedFlush
  private let state: SessionState
  private var tallies: TallyReader
  private var lostSoFar: UInt64 = 0
  private var missedSoFar: UInt64 = 0
  /// As the last check found it: an event can be between its first program and its second.
  private var missedBefore: UInt64 = 0
  /// Checks in a row that found a loss.
  private var streak = 0
  /// Time of the next check.
  private(set) var nextCheck: UInt64 = 0
  /// Records have arrived since the last check. Nothing is lost where nothing is written.
  var isDue = false

  private static let interval: UInt64 = 100_000_000
  /// Between checks while the ring buffer is never half full, so that it cannot have been full.
  private static let calmInterval: UInt64 = 1_000_000_000
  /// Two seconds of checks.
  private static let lastingLoss = 20

  init(capture: SharedCapture, flush: SharedFlush, state: SessionState) throws(ProbeError) {
    self.capture = capture
    self.flush = flush
    self.state = state
    tallies = try TallyReader(capture: capture.object)
  }

  /// Records of the losses since the last check.
  ///
  /// - Returns: also whether anything was lost.
  mutating func check(
    at time: UInt64, lostBySink: UInt64
  ) -> (records: RecordBuffer, isLosing: Bool) {
    isDue = false
    var records = RecordBuffer()
    let lost = capture.object.lostRecords()
    let missed = capture.object.missedRuns() + flush.missedRuns()
    // Not earlier than any loss that is counted: requests whose records are older are suspects.
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
    // Another check says for certain.
    isDue = missed > missedSoFar
    missedBefore = missed
    if lostBySink > 0 { Self.append(lostBySink, .outputStalled, at: readTime, to: &records) }
    let isLosing = !records.isEmpty
    nextCheck = time + (isLosing ? Self.interval : Self.calmInterval)
    warn(isLosing)
    // Lost events have been counted meanwhile.
    var counts = RecordBuffer()
    tallies.read(into: &counts, at: time)
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

  /// A loss that lasts: says what helps.
  private mutating func warn(_ isLosing: Bool) {
    streak = isLosing ? streak + 1 : 0
    guard streak >= Self.lastingLoss else { return }
    streak = -10 * Self.lastingLoss
    state.notify(
      Notice(
        "records are being lost: counts are exact, single requests are missing. "
          + "--pid, --op or --sample 1/10 makes fewer",
        isError: true))
  }
}
