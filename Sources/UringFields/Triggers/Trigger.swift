import UringBase
import UringFindings
import UringTrace

/// A condition that makes a flight recorder write a file when it begins to hold.
///
/// The condition is a severity (`crit`: findings of at least this severity), the tag of a finding
/// (`cq-overflow`), or a comparison in the language of `--where`. A comparison is about the
/// latencies of requests that ended since the last check (`p99>50ms`), about rings (`overflows>0`)
/// or about requests in flight (`age>10s`): the first of these that has all fields of the
/// expression.
public struct Trigger: Sendable {
  private enum Condition: Sendable {
    case severity(Finding.Severity)
    case tag(String)
    case latency(Query<OpcodeLatency>)
    case ring(Query<Ring>)
    case request(Query<Request>)
  }

  /// The condition as the user wrote it.
  public let text: String
  private let condition: Condition

  /// A subject that meets a trigger's condition.
  public struct Match: Hashable, Sendable {
    /// Identifies the subject. As long as a subject meets the condition, it is not reported again.
    public var subject: String
    /// Text for a file name: the tag, or the expression.
    public var reason: String
    /// The observation, in one line.
    public var summary: String
  }

  /// - Parameter filters: the expressions for which `@name` stands.
  /// - Throws: an error with the message for the user.
  package init(
    _ text: String, named filters: NamedFilters = NamedFilters()
  ) throws(QueryError) {
    self.text = text
    if let severity = Finding.Severity.allCases.first(where: { "\($0.name)" == text }) {
      condition = .severity(severity)
    } else if FindingRule.all.contains(where: { $0.tag == text }) {
      condition = .tag(text)
    } else {
      condition = try Self.comparison(text, filters)
    }
  }

  /// Parses triggers separated by commas.
  ///
  /// - Parameter filters: the expressions for which `@name` stands.
  package static func list(
    _ text: String, named filters: NamedFilters = NamedFilters()
  ) throws(QueryError) -> [Trigger] {
    var triggers: [Trigger] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = part.trimmed
      guard !word.isEmpty else {
        throw QueryError(position: 1, message: "a condition is missing between commas")
      }
      triggers.append(try Trigger(word, named: filters))
    }
    return triggers
  }

  private static func comparison(
    _ text: String, _ filters: NamedFilters
  ) throws(QueryError) -> Condition {
    let isNamed = text.hasPrefix("@") || text.hasPrefix("!@")
    let name = String(text.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
    var mistake: QueryError?
    /// Parses the expression over a set of fields; nil if that fails. `mistake` becomes the error
    /// for the first set that has the expression's first field. For a named filter, it becomes the
    /// error for the last set.
    func condition<Entity>(_ fields: FieldSet<Entity>) -> Query<Entity>? {
      do throws(QueryError) {
        let query = try Query(text, over: fields, named: filters)
        return query.isEmpty || !query.hasOnlyComparisons ? nil : query
      } catch {
        if isNamed || mistake == nil && fields.field(name) != nil { mistake = error }
        return nil
      }
    }
    if let query = condition(FieldSet<OpcodeLatency>.latency) { return .latency(query) }
    if let query = condition(FieldSet<Ring>.rings) { return .ring(query) }
    if let query = condition(FieldSet<Request>.requests) { return .request(query) }
    throw mistake
      ?? QueryError(
        position: 1,
        message:
          "'\(text)' is neither a severity, nor the tag of a finding, nor a comparison of a field"
          + NearNames.hint(
            for: text,
            in: Finding.Severity.allCases.map { "\($0.name)" } + FindingRule.all.map(\.tag)))
  }

  /// True if the condition is about findings.
  public var needsFindings: Bool {
    switch condition {
    case .severity, .tag: true
    case .latency, .ring, .request: false
    }
  }

  /// The subjects that meet the condition.
  ///
  /// - Parameters:
  ///   - findings: the findings in the snapshot.
  ///   - latency: the latencies of the requests that ended since the last check.
  public func matches(
    in snapshot: Snapshot, findings: [Finding], latency: [OpcodeLatency]
  ) -> [Match] {
    switch condition {
    case .severity(let severity):
      return findings.filter { $0.severity >= severity }.map(Match.init)
    case .tag(let tag):
      return findings.filter { $0.tag == tag }.map(Match.init)
    case .latency(let query):
      return latency.filter { query.matches($0, in: snapshot) }.map { latency in
        match(
          "ring \(latency.ring) \(latency.opcode.name)",
          "p99 \(Figures.duration(latency.summary.p99)), max "
            + "\(Figures.duration(latency.summary.max)) of "
            + Figures.count(latency.summary.count, "request"))
      }
    case .ring(let query):
      return snapshot.rings.filter { query.matches($0, in: snapshot) }.map { ring in
        match("ring \(ring.id)", ring.comm)
      }
    case .request(let query):
      return snapshot.requests.filter { query.matches($0, in: snapshot) }.map { request in
        match("request \(request.id)", request.opcode.name)
      }
    }
  }

  private func match(_ subject: String, _ detail: String) -> Match {
    Match(subject: "\(text) \(subject)", reason: text, summary: "\(text): \(subject), \(detail)")
  }
}

extension Trigger.Match {
  fileprivate init(_ finding: Finding) {
    self.init(
      subject: "\(finding.tag) \(finding.rings)", reason: finding.tag,
      summary: "\(finding.tag): \(finding.summary)")
  }
}

extension Query {
  /// True if every term is a comparison, not a mere word.
  fileprivate var hasOnlyComparisons: Bool { terms.allSatisfy(\.hasOnlyComparisons) }
}

extension Query.Term {
  fileprivate var hasOnlyComparisons: Bool {
    switch condition {
    case .word: false
    case .field: true
    case .all(let terms): !terms.isEmpty && terms.allSatisfy(\.hasOnlyComparisons)
    }
  }
}

extension Substring {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
