import UringTrace

/// The rings to which a rule applies, and the observation that it needs. Only with this observation
/// does the absence of findings mean that all is well.
public struct RuleScope: Sendable {
  enum Kind: Sendable {
    /// The rule judges all events of the span, once, at the end.
    case span
    /// The rule judges single requests that have ended and are still known. A finding about them
    /// remains true after they are forgotten.
    case occurrence
    /// The rule judges lasting conditions. A condition that has ended still counts as a fault.
    case condition
    /// The rule judges lasting conditions. A condition that ended by itself was no fault. A
    /// condition that lasted until its ring was closed was a fault.
    case suspicion
  }

  /// The records that a rule needs because it infers something from the absence of requests. If
  /// some are missing, the rule must find nothing.
  enum Need: Sendable {
    case nothing
    /// All requests in flight on the rings.
    case requestsInFlight
    /// All records of a ring since it was created.
    case everyRequestOfTheRing
    /// All records of all rings.
    case everyRequest
  }

  var kind: Kind
  /// Nanoseconds for which the rings must have been observed: the time for which the condition must
  /// last.
  var watch: UInt64
  var needs: Need
  /// True if the rule needs records of system calls.
  var needsSystemCalls = false
  /// True if the rule is about processes without a ring.
  var concernsProcesses = false
  /// Returns true if the rule applies to a ring.
  var concerns: @Sendable (Ring) -> Bool

  static let span = RuleScope(
    kind: .span, watch: 0, needs: .nothing, concerns: { _ in true })

  static let occurrence = RuleScope(
    kind: .occurrence, watch: 0, needs: .nothing, concerns: { _ in true })

  /// A span rule that infers something from the absence of requests.
  static let spanOfEveryRequest = RuleScope(
    kind: .span, watch: 0, needs: .everyRequest, concerns: { _ in true })

  static func condition(
    lasting watch: UInt64 = 0, needs: Need = .nothing,
    on concerns: @escaping @Sendable (Ring) -> Bool = { !$0.isClosed }
  ) -> RuleScope {
    RuleScope(
      kind: .condition, watch: watch, needs: needs, concerns: concerns)
  }

  static func suspicion(lasting watch: UInt64, needs: Need = .nothing) -> RuleScope {
    RuleScope(
      kind: .suspicion, watch: watch, needs: needs,
      concerns: { !$0.isClosed })
  }
}

/// A rule that could not be evaluated, and the reason. The absence of its findings then does not
/// mean that all is well.
public struct UnevaluatedRule: Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    /// The rings were observed for fewer nanoseconds than the rule needs.
    case watch(needed: UInt64, watched: UInt64)
    /// Records were lost.
    case losses
    /// Only one in this many requests was recorded.
    case sampling(UInt32)
    /// A filter leaves out requests.
    case filter
    /// System calls were not watched.
    case systemCalls
  }

  /// The rule's ``FindingRule/tag``.
  public var tag: String
  public var reason: Reason
}

extension FindingRule {
  /// The longest observation that any rule needs, in nanoseconds.
  public static let longestWatch = all.map(\.scope.watch).max() ?? 0

  /// The reason why the rule cannot be evaluated on a snapshot; nil if it can be evaluated. If it
  /// can be evaluated and finds nothing, all is well.
  func reasonNotEvaluated(
    in snapshot: Snapshot, seesEveryRequest: Bool
  ) -> UnevaluatedRule.Reason? {
    if scope.needsSystemCalls, snapshot.callsWatchedSince == nil {
      let isConcerned =
        scope.concernsProcesses
        ? snapshot.rings.isEmpty : snapshot.rings.contains(where: scope.concerns)
      return isConcerned ? .systemCalls : nil
    }
    guard snapshot.rings.contains(where: scope.concerns) else { return nil }
    let watched = snapshot.watchedTime
    if watched < scope.watch { return .watch(needed: scope.watch, watched: watched) }
    let concerned = snapshot.rings.lazy.filter(scope.concerns)
    let isWhole: Bool
    switch scope.needs {
    case .nothing: return nil
    case .requestsInFlight: isWhole = concerned.allSatisfy(snapshot.knowsInFlight)
    case .everyRequestOfTheRing: isWhole = concerned.allSatisfy(snapshot.hasWholeHistory)
    case .everyRequest: isWhole = snapshot.lost.total == 0
    }
    guard isWhole else { return .losses }
    if snapshot.host.sampling > 1 { return .sampling(snapshot.host.sampling) }
    return seesEveryRequest ? nil : .filter
  }
}

extension Snapshot {
  /// Nanoseconds for which all rings have been observed. A ring that is older than the observation
  /// is first scanned some time after the observation began.
  fileprivate var watchedTime: UInt64 {
    rings.filter { $0.isFound && !$0.isClosed }.map { ring in
      ring.firstLook == 0 ? 0 : min(ring.lastLook, time).since(ring.firstLook)
    }.min() ?? time.since(host.startTime)
  }
}

extension UnevaluatedRule {
  /// Returns one line of text for each reason: `watched for 2 s; hang and unreaped-cqes need 3 s`.
  public static func lines(_ rules: [UnevaluatedRule]) -> [String] {
    var reasons: [Reason] = []
    for rule in rules where !reasons.contains(rule.reason) { reasons.append(rule.reason) }
    return reasons.map { reason in
      let tags = rules.filter { $0.reason == reason }.map(\.tag)
      let last = tags[tags.count - 1]
      let list = tags.count == 1 ? last : tags.dropLast().joined(separator: ", ") + " and \(last)"
      let need = tags.count == 1 ? "needs" : "need"
      return switch reason {
      case .watch(let needed, let watched):
        "watched for \(Words.duration(watched)); \(list) \(need) \(Words.duration(needed))"
      case .losses: "records were lost; \(list) \(need) all"
      case .sampling(let share): "one request in \(share) was recorded; \(list) \(need) all"
      case .filter: "the filter leaves requests out; \(list) \(need) all"
      case .systemCalls: "system calls were not watched; \(list) \(need) them (--syscalls on)"
      }
    }
  }
}
