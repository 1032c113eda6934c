import UringTrace

/// Applies the rules of ``FindingRule`` to a whole observation: to the state at its end, and to
/// conditions that held earlier and have ended.
public struct DiagnosisHistory: Sendable {
  private let seesEveryRequest: Bool
  /// Periods in which a rule's condition held on a ring, by rule and ring, oldest first. The last
  /// period of a list may continue; all earlier ones have ended.
  private var episodes: [Finding.Subject: [Episode]] = [:]
  private var lastTime: UInt64 = 0

  /// Nanoseconds between calls of ``look(at:)``. A condition that holds for longer than this is
  /// never missed.
  public static let interval: UInt64 = 500_000_000

  /// A period in which a condition held, from the first to the last call of ``look(at:)`` that
  /// found it.
  fileprivate struct Episode: Sendable {
    var from: UInt64
    var until: UInt64
    /// The worst finding of the period. ``requests`` and ``rings`` are those that it names.
    var finding: Finding
    var requests: [Request]
    var rings: [Ring]
  }

  /// - Parameter seesEveryRequest: as in ``Diagnosis/init(window:seesEveryRequest:)``.
  public init(seesEveryRequest: Bool = true) {
    self.seesEveryRequest = seesEveryRequest
  }

  /// Examines one moment of the observation. Ignores a snapshot that is not later than the previous
  /// one.
  public mutating func look(at snapshot: Snapshot) {
    guard snapshot.time > lastTime else { return }
    let diagnosis = Diagnosis(seesEveryRequest: seesEveryRequest)
    for finding in diagnosis.conditions(in: snapshot) { note(finding, in: snapshot) }
    lastTime = snapshot.time
  }

  private mutating func note(_ finding: Finding, in snapshot: Snapshot) {
    let subject = finding.subject
    var known = episodes[subject] ?? []
    let isNew = known.last.map { $0.until != lastTime && $0.until != snapshot.time } ?? true
    if isNew {
      known.append(Episode(finding, in: snapshot))
    } else {
      known[known.count - 1].note(finding, in: snapshot)
    }
    episodes[subject] = known
  }

  /// The rules that could not be evaluated at the end. If such a rule has no findings, this does
  /// not mean that all is well.
  public func notEvaluated(at end: Snapshot, besides findings: [Finding]) -> [UnevaluatedRule] {
    Diagnosis(seesEveryRequest: seesEveryRequest).notEvaluated(in: end, besides: findings)
  }

  /// Findings at the end, and findings about conditions that held earlier and have ended; worst
  /// first.
  public mutating func findings(at end: Snapshot) -> [Finding] {
    var diagnosis = Diagnosis(seesEveryRequest: seesEveryRequest)
    let current = diagnosis.findings(in: end)
    let present = Set(current.map(\.subject))
    var past: [Finding] = []
    for rule in FindingRule.all where rule.scope.kind != .span {
      let subjects = episodes.keys.filter { $0.tag == rule.tag && !present.contains($0) }
      for subject in subjects.sorted(by: { $0.ring < $1.ring }) {
        let known = (episodes[subject] ?? []).filter { rule.counts($0.until, subject.ring, end) }
        guard var worst = known.max(by: { $0.isLess(than: $1) }) else { continue }
        worst.finding.past = Finding.Past(
          from: worst.from, until: worst.until, times: known.count, requests: worst.requests,
          rings: worst.rings)
        past.append(worst.finding)
      }
    }
    return Diagnosis.ordered(current + past)
  }
}

extension DiagnosisHistory.Episode {
  fileprivate init(_ finding: Finding, in snapshot: Snapshot) {
    from = snapshot.time
    until = snapshot.time
    self.finding = finding
    requests = finding.requests.compactMap { snapshot.request($0) }
    rings = snapshot.rings.filter { finding.rings.contains($0.id) }
  }

  fileprivate mutating func note(_ finding: Finding, in snapshot: Snapshot) {
    until = snapshot.time
    var now = Self(finding, in: snapshot)
    now.from = from
    if !now.isLess(than: self) { self = now }
  }

  /// True if the other episode is worse: by severity, then by number of requests, then by duration.
  fileprivate func isLess(than other: Self) -> Bool {
    (finding.severity.rawValue, finding.requestCount, until - from)
      < (other.finding.severity.rawValue, other.finding.requestCount, other.until - other.from)
  }
}

extension FindingRule {
  /// True if a condition that last held at `time`, and does not hold at the end, was a fault.
  fileprivate func counts(_ time: UInt64, _ ring: Ring.ID, _ end: Snapshot) -> Bool {
    switch scope.kind {
    case .span: return false
    case .condition, .occurrence: return true
    case .suspicion:
      guard let ring = end.rings.first(where: { $0.id == ring }), ring.isClosed else {
        return false
      }
      // A condition that was found at most two intervals before the close lasted until the close.
      return ring.closedTime.since(time) <= 2 * DiagnosisHistory.interval
    }
  }
}
