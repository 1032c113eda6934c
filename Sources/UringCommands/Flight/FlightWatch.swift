import Glibc
import UringBase
import UringFields
import UringFindings
import UringRecordings
import UringRecords
import UringSources
import UringTrace

/// The watch of a flight recorder: begins sections (a file can begin only at a section), checks the
/// conditions, and orders files to be written.
final class FlightWatch {
  private let capture: LiveCapture
  private let recorder: FlightRecorder
  private let files: FlightFiles
  private let settings: Settings

  struct Settings {
    var triggers: [Trigger]
    var keep: UInt64
    var before: UInt64
    var after: UInt64
    var seesEveryRequest: Bool
    var filter: Filter
  }

  /// A file that will be written.
  private struct Freeze {
    var reason: String
    var since: UInt64
    /// Time at which the file ends.
    var until: UInt64
    /// Number of inventories taken when the last inventory for the file was requested; nil before
    /// the request.
    var inventories: Int?
  }

  private var freeze: Freeze?
  private var nextSection: UInt64 = 0
  private var lastLook: UInt64 = 0
  private var diagnosis: Diagnosis
  private let needsFindings: Bool
  /// Findings of the last diagnosis.
  private var findings: [Finding] = []
  private var nextDiagnosis: UInt64 = 0
  private var latency = IntervalLatency()
  /// Subjects that met a condition in the last snapshot that was examined.
  private var present: Set<String> = []
  private var isFirstLook = true

  /// Nanoseconds over which rates are judged.
  private static let window: UInt64 = 60_000_000_000
  /// A diagnosis is followed by a pause of this many times its processor time, but at most
  /// ``longestPause``.
  private static let pauseFactor: UInt64 = 500
  private static let longestPause: UInt64 = 10_000_000_000
  /// Nanoseconds to wait for the inventory at the end of a file.
  static let inventoryPatience: UInt64 = 2_000_000_000

  init(
    _ capture: LiveCapture, _ recorder: FlightRecorder, _ files: FlightFiles, _ settings: Settings
  ) {
    self.capture = capture
    self.recorder = recorder
    self.files = files
    self.settings = settings
    needsFindings = settings.triggers.contains(where: \.needsFindings)
    diagnosis = Diagnosis(window: Self.window, seesEveryRequest: settings.seesEveryRequest)
  }

  /// Nanoseconds between sections. A file can begin only at a section, and each section costs an
  /// inventory (a list of all requests in flight).
  private var sectionInterval: UInt64 {
    min(max(settings.keep / 6, 1_000_000_000), 10_000_000_000)
  }

  /// Called a few times a second.
  func tick() {
    let now = MonotonicClock.now()
    if now >= nextSection || recorder.needsSection {
      let rings = RecordBuffer(ringsOf: capture.source.current(), at: now)
      recorder.beginSection(rings: rings, at: now)
      capture.askForInventory()
      nextSection = now + sectionInterval
    }
    look()
    advance(at: now)
  }

  /// Orders a file that ends now.
  func freezeNow(reason: String) {
    let now = MonotonicClock.now()
    begin(reason, at: now)
    if let until = freeze?.until { freeze?.until = min(until, now) }
  }

  /// Writes the ordered file, if there is one, without waiting for the time at which it should end.
  func finish() {
    guard let freeze else { return }
    write(freeze)
  }

  // MARK: Conditions

  private func look() {
    guard !settings.triggers.isEmpty else { return }
    let all = capture.source.current()
    guard all.time > lastLook else { return }
    lastLook = all.time
    let snapshot = settings.filter.apply(to: all)
    let grown = latency.advance(to: snapshot)
    if needsFindings { diagnose(snapshot) }
    let matches = settings.triggers.flatMap {
      $0.matches(in: snapshot, findings: findings, latency: isFirstLook ? [] : grown)
    }
    isFirstLook = false
    let new = matches.first { !present.contains($0.subject) }
    present = Set(matches.map(\.subject))
    guard let new else { return }
    StandardError.write(new.summary)
    begin(new.reason, at: all.time)
  }

  private func diagnose(_ snapshot: Snapshot) {
    guard snapshot.time >= nextDiagnosis else { return }
    let start = clockTime(CLOCK_THREAD_CPUTIME_ID)
    findings = diagnosis.findings(in: snapshot)
    let cost = clockTime(CLOCK_THREAD_CPUTIME_ID) - start
    nextDiagnosis = snapshot.time + min(cost * Self.pauseFactor, Self.longestPause)
  }

  /// Orders a file, unless one is already ordered: that file will also contain this cause.
  private func begin(_ reason: String, at time: UInt64) {
    guard freeze == nil else { return }
    freeze = Freeze(
      reason: reason, since: time.since(settings.before), until: time + settings.after)
  }

  // MARK: Files

  private func advance(at now: UInt64) {
    guard let freeze, now >= freeze.until else { return }
    guard let asked = freeze.inventories else {
      self.freeze?.inventories = capture.inventoryCount
      capture.askForInventory()
      return
    }
    if capture.inventoryCount > asked || now >= freeze.until + Self.inventoryPatience {
      write(freeze)
    }
  }

  private func write(_ freeze: Freeze) {
    let flight = recorder.freeze(since: freeze.since)
    files.write(flight, reason: freeze.reason, host: capture.host)
    self.freeze = nil
  }
}
