import RealModule
import UringFindings
import UringTrace

/// A figure of a workload that is compared, such as the median latency.
public struct ComparedQuantity: Sendable, Hashable {
  /// The unit of the values, and whether their change is relative or absolute.
  public enum Scale: Sendable, Hashable {
    /// Nanoseconds; a change is relative.
    case time
    /// The quotient of two counts, such as CQEs per wait; a change is relative.
    case ratio
    /// A part of all requests or CQEs, from 0 to 1; a change is absolute.
    case share
  }

  /// Name in JSON: `latency_p50`, `punted`, `error_EAGAIN`.
  public let name: String
  /// Name within a sentence: `median latency`.
  public let words: String
  public let scale: Scale
  /// True if a larger value is worse.
  public let isWorseHigher: Bool

  /// The smallest change that counts as a regression or an improvement. A smaller change does not
  /// count even if it is statistically certain, because two recordings do not show how much results
  /// vary between other runs on the machine.
  let threshold: Double
}

/// The values of one quantity in consecutive parts of a recording.
struct QuantityValues {
  var quantity: ComparedQuantity
  /// One value for each part of the recording. A part joins adjacent batches, because their values
  /// are too similar to count as independent samples.
  var values: [Double] = []
  /// Sampling variance of a value: the variance that is due only to the finite number of requests.
  var noise: Double = 0
  /// Standard deviation of the mean between runs of the same workload, caused by the varying speed
  /// of the processor.
  var drift = 0.0
  /// Number of batches from which the values are computed.
  var batchCount = 0

  private static let partLimit = 12

  /// Combines the values of batches into at most ``partLimit`` values. Callers pass latency
  /// quantiles and ratios as logarithms, shares and times in a stage as they are.
  ///
  /// - Parameters:
  ///   - batches: the values of the batches.
  ///   - noise: sampling variance of one of these values.
  init(_ quantity: ComparedQuantity, _ batches: [Double], noise: Double = 0) {
    self.quantity = quantity
    batchCount = batches.count
    let parts = min(Self.partLimit, batches.count)
    values = (0..<parts).map { part in
      let values = batches[part * batches.count / parts..<(part + 1) * batches.count / parts]
      return quantity.scale == .share ? values.mean : values.median
    }
    self.noise = parts == 0 ? 0 : noise * Double(parts) / Double(batches.count)
  }

  /// A share: the count of each batch divided by its total.
  ///
  /// The noise is that of a binomial distribution. So that it is never 0, at least one request
  /// counts as part of the share, and at least one as outside of it.
  init(share quantity: ComparedQuantity, _ pairs: [(count: UInt64, total: UInt64)]) {
    let pairs = pairs.filter { $0.total > 0 }
    let total = Double(pairs.reduce(0) { $0 + $1.total })
    let count = Double(pairs.reduce(0) { $0 + $1.count })
    let share = total > 0 ? min(max(count / total, 1 / total), 1 - 1 / total) : 0
    self.init(
      quantity, pairs.map { Double($0.count) / Double($0.total) },
      noise: pairs.isEmpty ? 0 : max(0, share * (1 - share)) * Double(pairs.count) / total)
  }

  /// A ratio: the logarithm of each count divided by its total.
  init(ratio quantity: ComparedQuantity, _ pairs: [(count: UInt64, total: UInt64)]) {
    self.init(
      quantity,
      pairs.compactMap { $0.count > 0 && $0.total > 0 ? .ratio($0.count, $0.total) : nil })
  }
}

/// The part of a latency's variation between runs that is due to the processor's speed. The
/// processor's frequency, its caches and its other load change the processor time in a latency, but
/// not the time of a device or a timer.
private enum ProcessorDrift {
  private static let share = 0.2
  /// Most processor time that a latency is assumed to contain, nanoseconds.
  private static let processorTime = 5_000.0

  /// Standard deviation of a latency between runs, nanoseconds.
  static func nanoseconds(in latency: Double) -> Double { share * min(latency, processorTime) }
}

extension Collection<Double> {
  var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }

  /// The median, which hardly changes if other load on the machine disturbed a single batch.
  fileprivate var median: Double {
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

extension Double {
  fileprivate static func ratio(_ count: UInt64, _ total: UInt64) -> Double {
    .log(Double(count) / Double(total))
  }
}

extension BatchSeries {
  /// All compared quantities of a role's requests. Times depend on the file, so the role of all
  /// files has no times.
  func quantities(of role: WorkloadRole) -> [QuantityValues] {
    var all: [QuantityValues] = []
    if role.file != nil {
      for (quantity, share) in Self.quantiles { all.append(values(quantity, quantile: share)) }
      for stage in Stage.allCases { all.append(meanTimes(stage)) }
    }
    for (quantity, count) in Self.shares { all.append(shares(quantity, count)) }
    for errno in errnos { all.append(shares(.error(errno)) { $0.errors[errno] ?? 0 }) }
    return all
  }

  private func values(_ quantity: ComparedQuantity, quantile share: Double) -> QuantityValues {
    let known: [Double] = batches.compactMap { $0.quantile(share) }.filter { $0 > 0 }
    var values = QuantityValues(quantity, known.map { Double.log($0) })
    if !known.isEmpty { values.drift = ProcessorDrift.nanoseconds(in: known.mean) / known.mean }
    return values
  }

  private func meanTimes(_ stage: Stage) -> QuantityValues {
    let measured = batches.filter { $0.measured > 0 }
    var values = QuantityValues(
      stage.quantity,
      measured.map { $0.stages[Int(stage.rawValue)] / Double($0.measured) })
    values.drift = ProcessorDrift.nanoseconds(in: values.values.mean)
    return values
  }

  private func shares(_ quantity: ComparedQuantity, _ count: (Batch) -> UInt64) -> QuantityValues {
    QuantityValues(share: quantity, batches.map { (count: count($0), total: $0.requests) })
  }

  private var errnos: [Int32] { Set(batches.flatMap { $0.errors.keys }).sorted() }

  private static let quantiles: [(ComparedQuantity, Double)] = [
    (
      ComparedQuantity(
        name: "latency_p50", words: "median latency", scale: .time, isWorseHigher: true,
        threshold: 0.07), 0.5
    ),
    (
      ComparedQuantity(
        name: "latency_p90", words: "90th percentile of latency", scale: .time, isWorseHigher: true,
        threshold: 0.1),
      0.9
    ),
    (
      ComparedQuantity(
        name: "latency_p99", words: "99th percentile of latency", scale: .time, isWorseHigher: true,
        threshold: 0.15),
      0.99
    ),
  ]

  private static let shares: [(ComparedQuantity, @Sendable (Batch) -> UInt64)] = [
    (.share("punted", "requests handed to io-wq"), { $0.punted }),
    (.share("short", "short transfers"), { $0.short }),
    (.share("copied", "zero-copy sends that were copied"), { $0.copied }),
    (.share("overflowed", "requests whose CQE overflowed"), { $0.overflowed }),
  ]
}

extension ComparedQuantity {
  fileprivate static func share(_ name: String, _ words: String) -> ComparedQuantity {
    ComparedQuantity(
      name: name, words: words, scale: .share, isWorseHigher: true, threshold: 0.005)
  }

  fileprivate static func error(_ errno: Int32) -> ComparedQuantity {
    let name = ErrorNumber(result: -errno)?.name ?? (errno == 0 ? "other" : "\(errno)")
    return share("error_\(name)", errno == 0 ? "other errors" : "errors \(name)")
  }
}

extension Stage {
  fileprivate var quantity: ComparedQuantity {
    let (name, words) =
      switch self {
      case .held: ("held", "held back by a chain or a drain")
      case .issued: ("issued", "issued")
      case .poll: ("poll", "poll-armed")
      case .worker: ("worker", "with io-wq")
      case .taskWork: ("task_work", "waiting for task work")
      }
    return ComparedQuantity(
      name: "time_\(name)", words: "mean time \(words)", scale: .time, isWorseHigher: true,
      threshold: 0.07)
  }
}

extension [ProgramCounts] {
  /// All compared quantities of a program's rings.
  var quantities: [QuantityValues] {
    [
      QuantityValues(
        ratio: ComparedQuantity(
          name: "cqes_per_wait", words: "CQEs per wait", scale: .ratio, isWorseHigher: false,
          threshold: 0.04),
        map { ($0.cqes, $0.waits) }),
      QuantityValues(
        ratio: ComparedQuantity(
          name: "enters_per_request", words: "calls of io_uring_enter per request", scale: .ratio,
          isWorseHigher: true, threshold: 0.04),
        compactMap { counts in counts.enters.map { ($0, counts.requests) } }),
      QuantityValues(
        share: .share("overflowed_cqes", "CQEs that overflowed"), map { ($0.overflows, $0.cqes) }),
    ]
  }
}
