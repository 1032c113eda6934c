import UringTrace

/// The formats in which metrics are exposed.
public enum Exposition: Sendable, Hashable, CaseIterable {
  /// OpenMetrics 1.0, with exemplars.
  case openMetrics
  /// The text format of Prometheus, 0.0.4.
  case text

  public var contentType: String {
    switch self {
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    }
  }

  /// The format for a client.
  ///
  /// - Parameter accept: the values of the client's Accept headers.
  public init(accept: [String]) {
    let isOpen = accept.contains { $0.lowercased().contains("application/openmetrics-text") }
    self = isOpen ? .openMetrics : .text
  }

  /// The text of all metrics at one moment.
  public func encode(_ moment: MetricsMoment) -> [UInt8] {
    var text = ExpositionText(format: self, moment: moment)
    for metric in Metric.all { text.append(metric) }
    if self == .openMetrics { text.bytes += "# EOF\n".utf8 }
    return text.bytes
  }
}

private struct ExpositionText {
  let format: Exposition
  let moment: MetricsMoment
  var bytes: [UInt8] = []

  mutating func append(_ metric: Metric) {
    let samples = metric.samples(moment)
    guard !samples.isEmpty else { return }
    let family = format == .openMetrics ? metric.name : metric.exposedName
    let help = metric.help.replacing("\\", with: "\\\\")
    let quoted = format == .openMetrics ? help.replacing("\"", with: "\\\"") : help
    bytes += "# HELP \(family) \(quoted)\n# TYPE \(family) \(metric.kind.rawValue)\n".utf8
    for sample in samples {
      let labels = zip(metric.labels, sample.labels)
        .map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
      switch sample.value {
      case .integer(let value): line(metric.exposedName, labels, "\(value)")
      case .decimal(let value): line(metric.exposedName, labels, "\(value)")
      case .latency(let latency): append(latency, metric.name, labels)
      }
    }
  }

  private mutating func line(_ name: String, _ labels: String, _ value: String) {
    bytes += name.utf8
    if !labels.isEmpty { bytes += "{\(labels)}".utf8 }
    bytes += " \(value)\n".utf8
  }

  private mutating func append(_ latency: LatencyBuckets, _ name: String, _ labels: String) {
    var count: UInt64 = 0
    for index in 0..<LatencyBuckets.count {
      let bucket = latency.buckets[index]
      count &+= bucket.count
      let bound = LatencyBuckets.upperBound(index).map { "\(Self.seconds($0))" } ?? "+Inf"
      let example = format == .openMetrics ? bucket.last.map(exemplar) ?? "" : ""
      line("\(name)_bucket", "\(labels),le=\"\(bound)\"", "\(count)\(example)")
    }
    line("\(name)_count", labels, "\(count)")
    line("\(name)_sum", labels, "\(Self.seconds(latency.sum))")
  }

  private func exemplar(_ example: LatencyBuckets.Example) -> String {
    " # {ring=\"\(example.ring)\",request_id=\"\(example.request)\"} "
      + "\(Self.seconds(example.latency)) \(moment.seconds(of: example.time))"
  }

  private static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }

  /// The text with escaped special characters. Names in labels are already printable
  /// (``Aggregator/name(of:isLate:)``).
  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
