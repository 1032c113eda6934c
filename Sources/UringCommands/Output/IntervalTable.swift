import UringBase
import UringFields
import UringTrace

/// A table that is printed one interval after another. Each row begins with its time, and the
/// titles are printed once.
struct IntervalTable {
  /// Width of each column so far. Columns grow and never shrink, so that most lines are aligned.
  private var widths: [Int] = []
  private let isCSV: Bool
  private var hasTitles = false

  init(isCSV: Bool) { self.isCSV = isCSV }

  /// The lines of one interval.
  ///
  /// - Parameters:
  ///   - time: the time of the rows, as text (see ``UTCTime``).
  ///   - noun: a plural for the rows, for the line that is printed if there are none.
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
  /// A time of the observation as text of ``UTCTime``; if the time of day is unknown, in
  /// nanoseconds of CLOCK_MONOTONIC.
  func text(of time: UInt64) -> String {
    guard startRealtime != 0 else { return "\(time)" }
    let elapsed = time.since(startTime)
    return UTCTime.text(startRealtime.addingReportingOverflow(elapsed).partialValue)
  }
}
