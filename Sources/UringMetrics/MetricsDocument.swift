/// The table of docs/metrics.md.
public enum MetricsDocument {
  public static var table: String {
    var lines = ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |"]
    for metric in Metric.all {
      let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
      lines.append(
        "| `\(metric.exposedName)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
