import CRecord
import UringBase
import UringRecords
import UringSources

/// Detects events that have no record: the record was lost, the event was only counted, no BPF
/// program ran for it, or no counter was free for it.
struct LossWatch: ~Copyable {
  private let capture: SharedCapture
  private let flush: SharedFlush
  private let state: SessionState
  private var tallies: TallyReader
  private var lost = GrowingCount()
  private var missed = GrowingCount()
  private var uncounted = GrowingCount()
  /// Program runs that the kernel had skipped at the last check. Some of them may not be losses:
  /// the program's twin, a second program on the same tracepoint (twins.h), may handle the event a
  /// moment later.
  private var missedBefore: UInt64 = 0
  /// Number of consecutive checks that found a loss.
  private var streak = 0
  private var nextCheck: UInt64 = 0
  /// True if records have arrived since the last check: while none are written, none are lost. Also
  /// true if the last check found skipped runs that another check must confirm.
  private var isDue = false

  private static let interval: UInt64 = 100_000_000
  /// Time between checks while no program run was skipped and every drain finds the record buffer
  /// less than half full. The buffer cannot have been full then.
  private static let calmInterval: UInt64 = 1_000_000_000
  /// Consecutive checks with a loss after which the user is warned: two seconds of checks.
  private static let lastingLoss = 20

  init(capture: SharedCapture, flush: SharedFlush, state: SessionState) throws(ProbeError) {
    self.capture = capture
    self.flush = flush
    self.state = state
    tallies = try TallyReader(capture: capture.object)
  }

  /// Time of the next check; nil if none is due.
  var dueTime: UInt64? { isDue ? nextCheck : nil }

  mutating func noteRecords() { isDue = true }

  /// Looks for losses since the last check.
  ///
  /// - Returns: loss records and count records, and whether anything was lost.
  mutating func check(
    at time: UInt64, lostBySink: UInt64
  ) -> (records: RecordBuffer, isLosing: Bool) {
    isDue = false
    var records = RecordBuffer()
    let newlyLost = lost.takeNew(capture.object.lostRecords())
    let missedNow = capture.object.missedRuns() + flush.missedRuns()
    let newlyMissed = missed.takeNew(min(missedNow, missedBefore))
    // Runs that were skipped since the last check are losses only if the next check still finds
    // them.
    isDue = missedNow > missed.taken
    missedBefore = missedNow
    // The clock is read after the counters, so every counted loss happened before `readTime`. The
    // end of any request whose last record is older may be among the losses.
    let readTime = MonotonicClock.now()
    Self.append(newlyLost, .ringBufferFull, at: readTime, to: &records)
    Self.append(newlyMissed, .notRun, at: readTime, to: &records)
    Self.append(lostBySink, .outputStalled, at: readTime, to: &records)
    let isLosing = !records.isEmpty
    reportUncounted(at: readTime, to: &records)
    nextCheck = time + (isLosing || isDue ? Self.interval : Self.calmInterval)
    warn(isLosing)
    // The BPF programs count the events whose records were lost.
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

  /// Appends a loss record for events that found no free counter, and notifies the user the first
  /// time.
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

  /// Notifies the user if records have been lost for two seconds, and suggests a remedy.
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

/// A counter that only grows, and its value at the last ``takeNew(_:)``.
private struct GrowingCount {
  private(set) var taken: UInt64 = 0

  /// Returns the increase since the last call; `count` is the counter's present value.
  mutating func takeNew(_ count: UInt64) -> UInt64 {
    guard count > taken else { return 0 }
    defer { taken = count }
    return count - taken
  }
}
