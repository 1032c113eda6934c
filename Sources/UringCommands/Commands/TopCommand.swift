import ArgumentParser
import CProcess
import Glibc
import UringBase
import UringFields
import UringFindings
import UringSources
import UringTrace

/// Prints the entries of a list as lines, at intervals.
struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Prints the rings, or another list, as lines at intervals: for logs.",
    discussion: """
      Each line begins with its time, in UTC. Rates are those of the last second; with an interval of a \
      minute or more, of the last minute. Counts go back to the start of the observation. A ring that is \
      closed is listed once more.

      Without -n it prints until Ctrl-C, or until the recording ends.

      EXAMPLES:
        uringtop top -n 5
        uringtop top --interval 10s --comm fio >> rings.log
        uringtop top --where 'errors>0' --columns pid,comm,errors,last_second.errors
        uringtop top --list requests --where 'age>100ms' --columns age,opcode,file
        uringtop top --csv --from trace.uring
      """)

  @Option(
    name: [.customShort("n"), .customLong("count")],
    help: ArgumentHelp("Stop after this many intervals.", valueName: "number"))
  var count: Int?

  @Option(
    help: ArgumentHelp("Time between two looks, 50ms to 24h. Default: 1s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var interval = DurationArgument(nanoseconds: 1_000_000_000)

  @Option(
    help: ArgumentHelp("What to list.", valueName: "list"))
  var list = ListArgument.rings

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "List only rows that match the expression, such as 'in_flight>0': see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @Option(help: ArgumentHelp("The fields to print, as pid,comm,in_flight.", valueName: "fields"))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Print one line for each value of this field, with the number of rows that have it and their totals.",
      valueName: "field"))
  var groupBy: String?

  @Flag(help: "Print CSV.")
  var csv = false

  @Option(
    help: ArgumentHelp(
      "Read a recording instead of watching; - is standard input.", valueName: "recording"),
    completion: .recording)
  var from: String?

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  private var isOverRings: Bool { list.list.name == ListArgument.rings.list.name }

  /// True if the list has the default columns of rings.
  private var hasRingColumns: Bool { columns == nil && isOverRings && groupBy == nil && !csv }

  private static let beforeRates = ["id", "pid", "comm", "in_flight"]
  /// Rates among the columns of rings, with their titles in the UI.
  private static let rates: [(key: String, title: String)] = [
    ("submitted", "SUB/s"), ("completed", "CMP/s"), ("errors", "ERR/s"),
  ]
  private static let afterRates = ["submitted", "errors", "overflows", "p50", "p99"]

  private var ringColumns: String {
    let period = interval.nanoseconds < 60_000_000_000 ? "last_second" : "last_minute"
    let rates = Self.rates.map { "\(period).\($0.key)" }
    return (Self.beforeRates + rates + Self.afterRates).joined(separator: ",")
  }

  private var choice: SnapshotList.Choice {
    SnapshotList.Choice(
      condition: condition, filters: .configured,
      columns: hasRingColumns ? ringColumns : columns, grouping: groupBy)
  }

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count must be at least 1") }
    guard 50_000_000...86_400_000_000_000 ~= interval.nanoseconds else {
      throw ValidationError("--interval must be from 50ms to 24h")
    }
    if !isOverRings, columns == nil, groupBy == nil, !csv {
      throw ValidationError("--list needs --columns, --group-by or --csv")
    }
    if from != nil { try capturing.refuse() }
    try list.check(choice)
  }

  func run() throws {
    var table = IntervalTable(isCSV: csv)
    var diagnosis = Diagnosis(seesEveryRequest: filters.seesEveryRequest(capturing))
    var previous: UInt64 = 0
    var hasRings = false
    func print(_ snapshot: Snapshot) throws {
      if !snapshot.rings.isEmpty { hasRings = true }
      // Only for a live capture: in a recording, rings can appear later.
      if self.from == nil, previous == 0 { filters.reportNothingSelected(unless: hasRings) }
      var snapshot = snapshot
      snapshot.rings.removeAll { $0.isClosed && $0.closedTime <= previous }
      previous = snapshot.time
      // Rules look at every request, so they are evaluated only for the list of findings.
      let findings = list.list.name == "findings" ? diagnosis.findings(in: snapshot) : []
      var rows = try list.selection(choice, of: snapshot, findings: findings).rows
      if hasRingColumns {
        for (index, rate) in Self.rates.enumerated() {
          rows.columns[Self.beforeRates.count + index].title = rate.title
        }
      }
      try StandardOutput.write(
        table.lines(rows, at: snapshot.host.text(of: snapshot.time), noun: list.list.noun))
    }
    guard let from else { return try watch(print) }
    let file = try RecordingFile(from, for: PROCESS_READS)
    try file.recording.eachSnapshot(
      every: interval.nanoseconds, limit: count, filter: filters.filter(), print)
    filters.reportNothingSelected(unless: hasRings)
    file.reportFlaw()
  }

  private func watch(_ print: (Snapshot) throws -> Void) throws {
    let capture = try LiveCapture.start(
      filter: filters.filter(capturing),
      refreshInterval: .nanoseconds(Int64(max(interval.nanoseconds, 1_000_000_000))))
    // The inventory finds the names of processes that are older than the capture.
    capture.waitForInventory()
    var moment = MonotonicClock.now()
    for _ in 0..<(count ?? .max) {
      moment = MonotonicClock.moment(
        after: moment, every: interval.nanoseconds, now: MonotonicClock.now())
      Pause.sleep(nanoseconds: moment.since(MonotonicClock.now()))
      let snapshot = capture.look()
      capture.reportNotices()
      try print(filters.ageFilter.apply(to: snapshot))
    }
    capture.stop()
  }
}
