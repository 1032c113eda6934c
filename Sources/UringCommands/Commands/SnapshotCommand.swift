import ArgumentParser
import CProcess
import UringDocuments
import UringFindings
import UringSources
import UringTrace

/// Prints one snapshot, live or from a recording.
struct SnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Prints what is in flight, as a table or as JSON.",
    discussion: """
      Without a recording it watches for --duration first.

      EXAMPLES:
        uringtop snapshot --comm fio --min-age 10ms
        uringtop snapshot --json --pid 4242 --duration 5s
        uringtop snapshot --list recent --group-by opcode --from trace.uring
        uringtop snapshot --where 'op:FSYNC age>30ms' --columns age,opcode,file
        uringtop snapshot --json --from trace.uring --at 2.5s
        uringtop snapshot --from snapshot.json --where 'state=io-wq'
      """)

  @Flag(help: "Print the JSON document that docs/json.md describes.")
  var json = false

  @OptionGroup(title: "ROWS AND COLUMNS") var listing: ListingOptions

  @Option(
    help: ArgumentHelp(
      "Read a recording, or the JSON of a snapshot, instead of watching; - is standard input.",
      valueName: "file"),
    completion: .snapshot)
  var from: String?

  @OptionGroup var moment: MomentOption

  @Option(
    help: ArgumentHelp("How long to watch. Default: 1s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var duration: DurationArgument?

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  func validate() throws {
    if json, listing.isTable {
      throw ValidationError(
        "--json prints all fields; --columns, --group-by and --csv choose another form")
    }
    if from == nil { try moment.refuse() } else { try capturing.refuse() }
    if from != nil, duration != nil {
      throw ValidationError("--duration is for live snapshots, --from names a recording")
    }
  }

  func run() throws {
    let snapshot: Snapshot
    if let from {
      let file: RecordingFile
      switch try SnapshotFile(from) {
      case .recording(let recording): file = recording
      case .stored(let stored): return try print(stored)
      }
      snapshot = file.recording.snapshot(at: moment.time, filter: filters.filter())
      file.reportFlaw()
      moment.reportIfLate(in: file)
    } else {
      snapshot = try live()
    }
    filters.reportNothingSelected(unless: !snapshot.rings.isEmpty)
    var diagnosis = Diagnosis(seesEveryRequest: filters.seesEveryRequest(capturing))
    if listing.isTable {
      return try listing.print(snapshot, findings: diagnosis.findings(in: snapshot))
    }
    guard json else {
      let table = SnapshotTable(
        SnapshotRows(try listing.select(from: snapshot)), matching: listing.condition,
        hasEveryRequest: filters.seesEveryRequest(capturing))
      return try StandardOutput.write(table.text)
    }
    let findings = diagnosis.findings(in: snapshot)
    var document = SnapshotDocument(
      snapshot, findings: findings,
      notEvaluated: diagnosis.notEvaluated(in: snapshot, besides: findings),
      toolVersion: Version.current)
    document.lists = try listing.selection(in: snapshot)
    try StandardOutput.write(document.encoded())
  }

  /// Prints a snapshot that was read from its JSON.
  private func print(_ stored: StoredSnapshot) throws {
    if moment.time != nil {
      throw ValidationError("--at names a moment of a recording: this is one snapshot")
    }
    guard filters.filter().isEmpty else {
      throw ValidationError("the JSON of a snapshot is filtered with --where only")
    }
    if listing.isTable { return try listing.print(stored) }
    var stored = stored
    if let condition = listing.condition {
      try stored.keepRequests(matching: condition, filters: .configured)
    }
    if json { return try StandardOutput.write(stored.encoded()) }
    let table = SnapshotTable(SnapshotRows(stored), matching: listing.condition)
    try StandardOutput.write(table.text)
  }

  private func live() throws(Failure) -> Snapshot {
    let capture = try LiveCapture.start(
      filter: filters.filter(capturing), refreshInterval: .milliseconds(100))
    Pause.sleep(nanoseconds: duration?.nanoseconds ?? 1_000_000_000)
    capture.lookAgain()
    let snapshot = capture.stop()
    capture.reportNotices()
    return filters.ageFilter.apply(to: snapshot)
  }
}
