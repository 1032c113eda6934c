import UringFindings
import UringTrace

/// The description of a metric, from which the exposition and docs/metrics.md are generated.
public struct Metric: Sendable {
  public enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// Name of the metric family, without the suffix `_total` that counters have in the exposition.
  public let name: String
  public let kind: Kind
  /// One sentence: the meaning of the value.
  public let help: String
  /// Names of the metric's labels.
  public let labels: [String]
  let samples: @Sendable (MetricsMoment) -> [Sample]

  init(
    _ name: String, _ kind: Kind, labels: [String] = [], _ help: String,
    samples: @escaping @Sendable (MetricsMoment) -> [Sample]
  ) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.help = help
    self.samples = samples
  }

  /// The name in the exposition. The samples of a histogram have further suffixes.
  public var exposedName: String { kind == .counter ? name + "_total" : name }

  /// A value with the values of the metric's labels.
  struct Sample: Sendable {
    var labels: [String]
    var value: Value

    init(_ labels: [String] = [], _ value: Value) {
      self.labels = labels
      self.value = value
    }
  }

  enum Value: Sendable {
    case integer(UInt64)
    case decimal(Double)
    case latency(LatencyBuckets)
  }
}

/// The data of all metrics at one moment.
public struct MetricsMoment: Sendable {
  public var snapshot: Snapshot
  public var findings: [Finding]
  public var cost: ProcessCost
  public var toolVersion: String
  /// HTTP requests answered, by status.
  public var responses: [Int: UInt64] = [:]

  public init(
    _ snapshot: Snapshot, findings: [Finding], cost: ProcessCost, toolVersion: String
  ) {
    self.snapshot = snapshot
    self.findings = findings
    self.cost = cost
    self.toolVersion = toolVersion
  }
}
