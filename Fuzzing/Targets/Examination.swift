import CRecord
import UringDocuments
import UringFindings
import UringRecordings
import UringRedaction
import UringTrace

@testable import UringCommands
@testable import UringSources
@testable import UringUI

/// All that uringtop does with a recording: `report`, `snapshot`, `export` and the screens of `replay`.
///
/// The input itself chooses one part of it, so that most inputs are read as fast as they can be: a change of the input
/// chooses again.
enum Examination {
  /// Looks at most in one report: a recording can claim to be centuries long.
  private static let mostLooks: UInt64 = 4

  /// Reads a recording as it arrives in pieces.
  static func follow(_ input: [UInt8]) {
    var stream = RecordStream()
    var aggregator: Aggregator?
    for start in stride(from: 0, to: input.count, by: 97) {
      do {
        try stream.append(input[start..<min(start + 97, input.count)])
      } catch {
        return
      }
      guard let header = stream.header else { continue }
      if aggregator == nil { aggregator = Aggregator(host: header.host) }
      stream.takeRecords { aggregator?.consume(contentsOf: $0) }
    }
    stream.finish()
    _ = aggregator?.snapshot()
  }

  static func examine(_ recording: Recording, of input: UnsafeRawBufferPointer) {
    let choice =
      input.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } >> 8
    switch choice % 16 {
    case 0, 1: report(recording)
    case 2, 3: show(snapshot(recording, choice), of: recording, pane: Int(choice >> 8 % 7))
    case 4: play(recording)
    case 5, 6: export(recording, as: .jsonl)
    case 7: export(recording, as: .uring)
    case 10: redact(recording)
    case 8, 9:
      let snapshot = snapshot(recording, choice)
      let document = SnapshotDocument(snapshot, toolVersion: "").encoded()
      let stored = document.withUnsafeBytes { try? StoredSnapshot($0) }
      guard let stored, stored.encoded() == document else {
        fatalError("a snapshot that uringtop wrote is not read back")
      }
      _ = SnapshotTable(SnapshotRows(snapshot)).text
    default:
      var diagnosis = Diagnosis()
      _ = diagnosis.findings(in: snapshot(recording, choice))
    }
  }

  /// At the end, or half way.
  private static func snapshot(_ recording: Recording, _ choice: UInt64) -> Snapshot {
    recording.snapshot(at: choice >> 16 & 1 == 0 ? nil : recording.duration / 2)
  }

  private static func report(_ recording: Recording) {
    var diagnosis = DiagnosisHistory()
    let interval = max(DiagnosisHistory.interval, recording.duration / mostLooks)
    let snapshot = recording.snapshot(at: nil, every: interval) { diagnosis.look(at: $0) }
    let findings = diagnosis.findings(at: snapshot)
    let document = ReportDocument(
      findings, in: snapshot, notEvaluated: diagnosis.notEvaluated(at: snapshot, besides: findings),
      toolVersion: "")
    _ = document.encoded()
    _ = ReportText(document).text
    _ = SnapshotDocument(snapshot, findings: findings, toolVersion: "").encoded()
  }

  // MARK: Screens

  /// A pane, and what Enter and G open from its first and last row.
  private static func show(_ snapshot: Snapshot, of recording: Recording, pane: Int) {
    var interface = Interface(options: UserInterfaceOptions())
    interface.update(
      snapshot,
      timeline: Timeline(
        position: snapshot.time.since(recording.startTime), duration: recording.duration, event: 0,
        eventCount: recording.eventCount, isPlaying: false, speed: 1,
        isCutOff: !recording.hasEnd))
    let digit = Key.character(Unicode.Scalar(UInt8(0x31 + pane)))
    for key in [digit, .home, .enter, "G", digit, .end, .enter] {
      _ = interface.handle(.key(key))
      if key != .home, key != .end { draw(&interface, width: 100, height: 30) }
    }
    draw(&interface, width: 20, height: 5)
  }

  static func draw(_ interface: inout Interface, width: Int, height: Int) {
    var canvas = Canvas(width: width, height: height)
    interface.draw(into: &canvas)
  }

  /// Steps as a user takes them.
  private static func play(_ recording: Recording) {
    let player = Player(
      recording, filter: Filter(), position: 0, isPlaying: false, interval: .milliseconds(200))
    let commands: [PlaybackCommand] = [
      .stepForward, .nextError, .stepBack, .seek(recording.duration / 3), .stepForward, .play,
    ]
    for command in commands { _ = player.perform(command) }
    player.tick(now: 1)
    player.tick(now: .max)
    _ = player.snapshot()
    _ = player.timeline
  }

  // MARK: Export

  /// A file made of a recording is read again, and has all that the recording has.
  private static func export(_ recording: Recording, as format: TraceFormat) {
    let encoder = format.makeEncoder(header: recording.header)
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    recording.withRecordBytes { encoder.encode($0, into: &bytes) }
    encoder.end(
      time: recording.endTime, records: recording.recordCount, lost: recording.lost ?? 0,
      into: &bytes)
    guard let copy = try? Recording(bytes: bytes) else {
      fatalError("uringtop cannot read the \(format) file that it has written")
    }
    if let flaw = copy.flaw { fatalError("uringtop writes a \(format) file with a flaw: \(flaw)") }
    guard contents(of: copy).elementsEqual(contents(of: recording)) else {
      fatalError("uringtop writes a \(format) file of other records")
    }
  }

  /// A redacted copy is read again, and redacting it again changes nothing.
  private static func redact(_ recording: Recording) {
    guard let once = redacted(recording) else { return }
    guard let copy = try? Recording(bytes: once), copy.flaw == nil else {
      fatalError("uringtop cannot read the redacted copy that it has written")
    }
    guard redacted(copy) == once else { fatalError("a copy of a redacted copy differs from it") }
  }

  private static func redacted(_ recording: Recording) -> [UInt8]? {
    var redactor = Redactor(recording.header)
    let encoder = TraceFormat.uring.makeEncoder(header: redactor.rewritten(recording.header))
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    var isFull = false
    var copies: [UInt8] = []
    recording.withRecordBytes { isFull = !redactor.append($0, to: &copies) }
    copies.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    encoder.end(
      time: redactor.rewritten(time: recording.endTime), records: recording.recordCount,
      lost: recording.lost ?? 0, into: &bytes)
    return isFull ? nil : bytes
  }

  /// The bytes of the records without their sizes and the zeros at their ends: fields that a record lacks are zeros.
  private static func contents(of recording: Recording) -> [ArraySlice<UInt8>] {
    let size = MemoryLayout<record>.offset(of: \.size)!
    var contents: [ArraySlice<UInt8>] = []
    recording.forEachRecord { record in
      var bytes = Array(UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)))
      bytes.replaceSubrange(size..<size + 2, with: [0, 0])
      contents.append(bytes[..<((bytes.lastIndex { $0 != 0 } ?? -1) + 1)])
    }
    return contents
  }
}
