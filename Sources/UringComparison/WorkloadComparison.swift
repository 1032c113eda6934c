import RealModule
import UringFindings
import UringTrace

/// A quantity of one role, or of a whole program, in two recordings.
public struct Difference: Sendable {
  public enum Verdict: Sendable, CaseIterable {
    case regression
    case improvement
    /// The difference is within noise, or too small to count.
    case unchanged
  }

  /// Name of the process that owns the rings.
  public let program: String
  /// Nil for a quantity of the whole program.
  public let role: WorkloadRole?
  public let quantity: ComparedQuantity
  /// Value in the first recording: nanoseconds, a ratio, or a share from 0 to 1.
  public let before: Double
  public let after: Double
  /// Change from `before` to `after`: absolute for a share; relative to the mean latency for the
  /// time in a stage; otherwise relative to `before`.
  public let change: Double
  /// Standard error of the change.
  public let error: Double
  /// Probability of a difference at least as large between two recordings of the same workload.
  public let probability: Double
  /// Number of batches that were compared in each recording.
  public let batches: (before: Int, after: Int)
  public fileprivate(set) var verdict = Verdict.unchanged
}

/// The differences between two recordings of a workload.
public struct WorkloadComparison: Sendable {
  public let before: WorkloadProfile
  public let after: WorkloadProfile
  /// All compared quantities: regressions, improvements, then unchanged ones. Within each verdict,
  /// the largest effect comes first.
  public private(set) var differences: [Difference]
  /// Roles with requests only in ``before`` (disappeared) or only in ``after`` (appeared).
  public let disappearedRoles: [(role: WorkloadRole, requests: UInt64)]
  public let appearedRoles: [(role: WorkloadRole, requests: UInt64)]
  /// Roles in both recordings with too few requests to compare.
  public let scarceRoles: [(role: WorkloadRole, requests: UInt64)]
  /// Findings only in ``before`` (disappeared) or only in ``after`` (appeared). Findings match by
  /// tag and program.
  public let disappearedFindings: [Finding]
  public let appearedFindings: [Finding]

  /// Probability that a comparison of two recordings of the same workload reports any difference
  /// (Holm's method over all quantities).
  public static let significance = 0.001
  /// A role is compared only if each recording has at least this many batches of it.
  static let fewestBatches = 8

  public init(_ before: WorkloadProfile, _ after: WorkloadProfile) {
    self.before = before
    self.after = after
    var differences: [Difference] = []
    var scarce: [(WorkloadRole, UInt64)] = []
    // Requests that fail before they have a file form a role of their own. Shares are therefore
    // also compared over all files, for roles with several files.
    let spread = before.rolesOfSeveralFiles.union(after.rolesOfSeveralFiles)
    for (role, first) in before.roles {
      guard let second = after.roles[role], role.file != nil || spread.contains(role) else {
        continue
      }
      guard min(first.batches.count, second.batches.count) >= Self.fewestBatches else {
        if role.file != nil { scarce.append((role, min(first.requests, second.requests))) }
        continue
      }
      differences += Self.differences(
        first.quantities(of: role), second.quantities(of: role), program: role.program,
        role: role, latency: first.meanLatency)
    }
    for (program, first) in before.programs {
      guard let second = after.programs[program] else { continue }
      differences += Self.differences(
        first.quantities, second.quantities, program: program, role: nil, latency: nil)
    }
    Self.judge(&differences)
    self.differences = differences.sorted(by: Difference.isWorse)
    scarceRoles = scarce.sorted { $0.0 < $1.0 }.map { (role: $0.0, requests: $0.1) }
    disappearedRoles = before.roles(notIn: after)
    appearedRoles = after.roles(notIn: before)
    disappearedFindings = before.findings(notIn: after)
    appearedFindings = after.findings(notIn: before)
  }

  /// True if a quantity got worse beyond noise, or a finding of severity `warn` or higher appeared.
  public var hasRegression: Bool {
    differences.contains { $0.verdict == .regression }
      || appearedFindings.contains { $0.severity >= .warn }
  }

  private static func differences(
    _ before: [QuantityValues], _ after: [QuantityValues], program: String, role: WorkloadRole?,
    latency: Double?
  ) -> [Difference] {
    let later = Dictionary(
      after.map { ($0.quantity, $0) }, uniquingKeysWith: { first, _ in first })
    let earlier = Set(before.map(\.quantity))
    // An error that only one recording has is a share of 0 in the other.
    let pairs =
      before.map { ($0, later[$0.quantity] ?? $0.absent(batches: after)) }
      + after.filter { !earlier.contains($0.quantity) }.map { ($0.absent(batches: before), $0) }
    return pairs.compactMap { first, second in
      Difference(first, second, program: program, role: role, latency: latency)
    }
  }

  /// Sets the verdicts by Holm's method. The smallest probability must be below the significance
  /// divided by the number of quantities, the next one below the significance divided by one less,
  /// and so on.
  private static func judge(_ differences: inout [Difference]) {
    let order = differences.indices.sorted {
      differences[$0].probability < differences[$1].probability
    }
    for (rank, index) in order.enumerated() {
      let difference = differences[index]
      let limit = significance / Double(differences.count - rank)
      guard difference.probability < limit else { return }
      guard abs(difference.change) >= difference.quantity.threshold else { continue }
      let isHigher = difference.change > 0
      differences[index].verdict =
        isHigher == difference.quantity.isWorseHigher ? .regression : .improvement
    }
  }
}

extension Difference {
  /// Nil if a recording has too few values, or if the quantity is 0 in both.
  fileprivate init?(
    _ before: QuantityValues, _ after: QuantityValues, program: String, role: WorkloadRole?,
    latency: Double?
  ) {
    guard
      let test = WelchTest(before, after),
      // A quantity that is always 0 in both recordings is left out.
      test.difference != 0 || before.values.contains(where: { $0 != 0 })
    else { return nil }
    self.program = program
    self.role = role
    quantity = before.quantity
    probability = test.probability
    batches = (before.batchCount, after.batchCount)
    let (first, second) = (before.values.mean, after.values.mean)
    switch (quantity.scale, quantity.isTimeInStage) {
    case (.time, true):
      guard let latency, latency > 0 else { return nil }
      (self.before, self.after) = (first, second)
      (change, error) = (test.difference / latency, test.error / latency)
    case (.time, false), (.ratio, _):
      (self.before, self.after) = (.exp(first), .exp(second))
      (change, error) = (.exp(test.difference) - 1, test.error)
    case (.share, _):
      (self.before, self.after) = (first, second)
      (change, error) = (test.difference, test.error)
    }
  }

  fileprivate static func isWorse(_ left: Difference, _ right: Difference) -> Bool {
    if left.verdict != right.verdict { return left.verdict.rank < right.verdict.rank }
    return (right.effect, left.program, left.quantity.name)
      < (left.effect, right.program, right.quantity.name)
  }

  /// The change as a multiple of the quantity's threshold.
  private var effect: Double { abs(change) / quantity.threshold }
}

extension Difference.Verdict {
  fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension QuantityValues {
  /// This quantity with the value 0, for a recording in which it does not occur.
  ///
  /// - Parameter others: the quantities of that recording, which give the number of batches.
  fileprivate func absent(batches others: [QuantityValues]) -> QuantityValues {
    let shares = others.first { $0.quantity.scale == .share }
    return QuantityValues(
      quantity, Array(repeating: 0, count: shares?.batchCount ?? 0), noise: noise)
  }
}

extension ComparedQuantity {
  /// True for the mean time in a stage. This time can be 0, so its change is relative to the mean
  /// latency.
  package var isTimeInStage: Bool { scale == .time && name.hasPrefix("time_") }
}

extension BatchSeries {
  /// Mean latency of the measured requests, nanoseconds.
  fileprivate var meanLatency: Double {
    var (total, measured) = (0.0, UInt64(0))
    for batch in batches {
      for index in batch.stages.indices { total += batch.stages[index] }
      measured += batch.measured
    }
    return measured > 0 ? total / Double(measured) : 0
  }
}

extension WorkloadProfile {
  /// Roles of all files (``WorkloadRole/allFiles``) that cover more than one file.
  fileprivate var rolesOfSeveralFiles: Set<WorkloadRole> {
    var counts: [WorkloadRole: Int] = [:]
    for role in roles.keys where role.file != nil { counts[role.allFiles, default: 0] += 1 }
    return Set(counts.filter { $0.value > 1 }.keys)
  }

  fileprivate func roles(notIn other: WorkloadProfile) -> [(role: WorkloadRole, requests: UInt64)] {
    roles.filter { $0.key.file != nil && other.roles[$0.key] == nil }.map {
      (role: $0.key, requests: $0.value.requests)
    }
    .sorted { $0.role < $1.role }
  }

  fileprivate func findings(notIn other: WorkloadProfile) -> [Finding] {
    let known = Set(other.findings.map { other.subject(of: $0) })
    return findings.filter { !known.contains(subject(of: $0)) }
  }

  private struct Subject: Hashable {
    var tag: String
    var program: String
  }

  private func subject(of finding: Finding) -> Subject {
    let ring = finding.rings.first.flatMap { id in
      (finding.past?.rings ?? end.rings).first { $0.id == id }
    }
    return Subject(tag: finding.tag, program: ring?.comm ?? "")
  }
}
