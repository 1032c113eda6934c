import UringTrace

/// Applies the rules of ``FindingRule`` to one snapshot after another.
///
/// Lasting conditions, such as a stuck request, are judged by the snapshot alone. Rates, such as
/// the error rate, are judged over a span of time that ends at the snapshot.
public struct Diagnosis: Sendable {
  private struct Sample {
    var time: UInt64
    var rings: [Ring.ID: RingSample]
  }

  private let window: UInt64?
  private let seesEveryRequest: Bool
  /// Counters of the rings at earlier times, oldest first. The span begins at the first sample.
  private var samples: [Sample] = []
  /// The last finding of each occurrence rule about each ring, with the time of its snapshot.
  /// Findings older than the window are removed.
  private var occurrences: [Finding.Subject: (finding: Finding, time: UInt64)] = [:]

  /// Minimum nanoseconds between samples, to limit their number in a window.
  private static let sampleInterval: UInt64 = 1_000_000_000

  /// - Parameter window: length of the span in nanoseconds; nil for the whole observation.
  /// - Parameter seesEveryRequest: false if a filter leaves out requests of the rings in view.
  ///   Rules that infer something from the absence of requests are then not evaluated.
  public init(window: UInt64? = nil, seesEveryRequest: Bool = true) {
    self.window = window
    self.seesEveryRequest = seesEveryRequest
  }

  /// The findings at the time of a snapshot, worst first. If time goes back, as when a recording is
  /// rewound, the span starts again.
  public mutating func findings(in snapshot: Snapshot) -> [Finding] {
    remember(snapshot)
    let evidence = evidence(snapshot)
    return Self.ordered(
      FindingRule.all.flatMap { rule in
        let findings = rule.findings(in: evidence)
        return rule.scope.kind == .occurrence
          ? findings + remembered(rule, besides: findings, at: snapshot.time) : findings
      })
  }

  /// Remembers the findings of an occurrence rule. Returns the rule's earlier findings within the
  /// window about rings that `findings` does not name: the requests that showed them may have been
  /// forgotten since.
  private mutating func remembered(
    _ rule: FindingRule, besides findings: [Finding], at time: UInt64
  ) -> [Finding] {
    guard let window else { return [] }
    occurrences = occurrences.filter { $0.value.time <= time && time - $0.value.time <= window }
    for finding in findings { occurrences[finding.subject] = (finding, time) }
    let rings = Set(findings.map(\.ring))
    return occurrences.filter { $0.key.tag == rule.tag && !rings.contains($0.key.ring) }
      .map(\.value.finding).sorted { $0.ring < $1.ring }
  }

  /// Findings of all rules except span rules: conditions that hold at the time of a snapshot, and
  /// occurrences that are still known.
  func conditions(in snapshot: Snapshot) -> [Finding] {
    let evidence = evidence(snapshot)
    return FindingRule.all.filter { $0.scope.kind != .span }
      .flatMap { $0.findings(in: evidence) }
  }

  /// The rules that could not be evaluated on a snapshot. If such a rule has no findings, this does
  /// not mean that all is well.
  ///
  /// - Parameter findings: the findings in the snapshot. The rules that found them count as
  ///   evaluated.
  public func notEvaluated(in snapshot: Snapshot, besides findings: [Finding]) -> [UnevaluatedRule]
  {
    let tags = Set(findings.map(\.tag))
    return FindingRule.all.filter { !tags.contains($0.tag) }.compactMap { rule in
      rule.reasonNotEvaluated(in: snapshot, seesEveryRequest: seesEveryRequest)
        .map { UnevaluatedRule(tag: rule.tag, reason: $0) }
    }
  }

  /// Returns findings sorted by severity, worst first. Findings of one severity keep their order.
  static func ordered(_ findings: [Finding]) -> [Finding] {
    Finding.Severity.allCases.reversed().flatMap { severity in
      findings.filter { $0.severity == severity }
    }
  }

  private func evidence(_ snapshot: Snapshot) -> Evidence {
    let first = samples.first
    return Evidence(
      snapshot, since: first?.time ?? snapshot.host.startTime, earlier: first?.rings ?? [:],
      seesEveryRequest: seesEveryRequest)
  }

  private mutating func remember(_ snapshot: Snapshot) {
    guard let window else { return }
    // Time went back: the recording was rewound.
    if let last = samples.last, last.time > snapshot.time { samples = [] }
    while samples.count > 1, samples[1].time + window <= snapshot.time {
      samples.removeFirst()
    }
    if let last = samples.last, snapshot.time - last.time < Self.sampleInterval { return }
    let isFirst = samples.isEmpty && snapshot.time.since(snapshot.host.startTime) < window
    var sample = Sample(time: snapshot.time, rings: [:])
    if isFirst {
      // The observation is shorter than the window, so all counts since its start are in the
      // window.
      sample.time = snapshot.host.startTime
    } else {
      for ring in snapshot.rings { sample.rings[ring.id] = RingSample(ring) }
    }
    samples.append(sample)
  }
}
