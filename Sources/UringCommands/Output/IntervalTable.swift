import UringBase
import UringFields
import UringTrace

/// Rows that are printed as time passes, each with its time, under titles that are printed once.
struct IntervalTable {
  /// How wide each column is so far. Columns grow and never shrink, so that most lines are aligned.
  private var widths: [Int] = []
  private let isCSV: Bool
  private var hasTitles = false

  init(isCSV: Bool) { self.isCSV = isCSV }

  /// The lines of one interval.
  ///
  /// - Parameters:
  ///   - time: see ``UTCTime``.
  ///   - noun: what the rows are, for the line that says that there are none.
  mutating func lines(_ rows: TextRows, at time: String, noun: String) -> [UInt8] {
    var rows = rows
    rows.columns.insert(TextRows.Column(title: "TIME", key: "time", isNumeric: false), at: 0)
    for index in rows.rows.indices { rows.rows[index].insert(TextRows.Cell(time), at: 0) }
    defer { hasTitles = true }
    if isCSV { return Array((hasTitles ? rows.csvRows : rows.csv).utf8) }
    var lines = rows.lines
    if hasTitles { lines.removeFirst() }
    var text = PlainText()
    text.table(
      lines, rightAligned: rows.numericColumns, widths: &widths)
    if rows.rows.isEmpty { text.line("\(time)  no \(noun)") }
    return Array(text.text.utf8)
  }
}

extension HostDescription {
  /// A time of the observation, as ``UTCTime``; in nanoseconds of CLOCK_MONOTONIC where the time of day is unknown.
  func text(of time: UInt64) -> String {
    guard startRealtime != 0 else { return "\(time)" }
    let elapsed = time.since(startTime)
    return UTCTime.text(startRealtime.addingReportingOverflow(elapsed).partialValue)
  }
}
