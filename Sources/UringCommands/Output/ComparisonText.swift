import RealModule
import UringBase
import UringComparison
import UringFindings
import UringTrace

/// A comparison as human-readable text.
struct ComparisonText {
  private let comparison: WorkloadComparison

  init(_ comparison: WorkloadComparison) { self.comparison = comparison }

  /// Maximum number of roles (combinations of program, file and opcode) listed under a heading.
  private static var roleLimit: Int { 10 }

  var text: PlainText {
    var text = PlainText()
    let (before, after) = (comparison.before, comparison.after)
    text.line(
      "before: \(Figures.count(before.requestCount, "request"))\(losses(before)), after: "
        + "\(Figures.count(after.requestCount, "request"))\(losses(after))")
    for difference in comparison.differences where difference.verdict != .unchanged {
      describe(difference, &text)
    }
    describe(comparison.appearedFindings, "appeared", &text)
    describe(comparison.disappearedFindings, "disappeared", &text)
    describe(comparison.disappearedRoles, "only before", &text)
    describe(comparison.appearedRoles, "only after", &text)
    describe(comparison.scarceRoles, "too few requests to compare", &text)
    text.line()
    text.line(conclusion)
    return text
  }

  private func losses(_ profile: WorkloadProfile) -> String {
    profile.lostCount > 0 ? " (\(Figures.count(profile.lostCount, "record")) lost)" : ""
  }

  private func describe(_ difference: Difference, _ text: inout PlainText) {
    let role = difference.role.map(name)
    text.line()
    text.line(
      "\(difference.verdict)  \(difference.program.printable)"
        + (role.map { "  \($0)" } ?? ""))
    text.line(
      "  \(difference.quantity.words): \(value(difference.before, difference.quantity)) → "
        + "\(value(difference.after, difference.quantity))  (\(effect(difference)))")
    text.line(
      "  Welch's t-test of \(difference.batches.before) and \(difference.batches.after) batches: "
        + "p \(probability(difference.probability)), standard error "
        + percent(difference.error, isShare: difference.quantity.scale == .share))
  }

  /// The name of a role in the text: `READ on /data/db.#`.
  private func name(_ role: WorkloadRole) -> String {
    switch role.file {
    case nil: "\(role.opcode.name) on all files"
    case "": role.opcode.name
    case let file?:
      "\(role.opcode.name) on \(file.printable.shortened(to: PlainText.widestName))"
    }
  }

  private func value(_ value: Double, _ quantity: ComparedQuantity) -> String {
    switch quantity.scale {
    case .time: Figures.duration(UInt64(max(0, value.rounded())))
    case .ratio: decimal(value, digits: 2)
    case .share: decimal(value * 100, digits: 2) + " %"
    }
  }

  private func effect(_ difference: Difference) -> String {
    let sign = difference.change < 0 ? "−" : "+"
    let size = percent(abs(difference.change), isShare: difference.quantity.scale == .share)
    let base = difference.quantity.isTimeInStage ? " of the mean latency" : ""
    return "\(sign)\(size)\(base)"
  }

  /// The value in percent; for a share, in percentage points.
  private func percent(_ share: Double, isShare: Bool) -> String {
    decimal(share * 100, digits: 1) + (isShare ? " points" : " %")
  }

  private func probability(_ probability: Double) -> String {
    guard probability >= 1e-9 else { return "< 1e-9" }
    let exponent = Int(Double.log10(probability).rounded(.down))
    return exponent < -3 ? "≈ 1e\(exponent)" : "= \(decimal(probability, digits: 4))"
  }

  private func decimal(_ value: Double, digits: Int) -> String {
    let factor = Double.pow(10, digits)
    let scaled = (abs(value) * factor).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let (whole, rest) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(factor))
    let fraction = String(rest)
    return (value < 0 && scaled > 0 ? "−" : "") + "\(whole)."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  private func describe(_ findings: [Finding], _ what: String, _ text: inout PlainText) {
    guard !findings.isEmpty else { return }
    text.line()
    for finding in findings {
      text.line("finding \(what)  \(finding.severity.name)  \(finding.tag)")
      text.line("  \(finding.summary)")
    }
  }

  private func describe(
    _ roles: [(role: WorkloadRole, requests: UInt64)], _ what: String, _ text: inout PlainText
  ) {
    guard !roles.isEmpty else { return }
    text.line()
    text.line("\(what):")
    for (role, requests) in roles.prefix(Self.roleLimit) {
      text.line(
        "  \(role.program.printable)  \(name(role)): \(Figures.count(requests, "request"))")
    }
    if roles.count > Self.roleLimit { text.line("  and \(roles.count - Self.roleLimit) more") }
  }

  private var conclusion: String {
    let differences = comparison.differences
    guard !differences.isEmpty else {
      return "nothing could be compared: no role has enough requests in both recordings"
    }
    func count(_ verdict: Difference.Verdict) -> Int {
      differences.count { $0.verdict == verdict }
    }
    let chance = decimal(WorkloadComparison.significance * 100, digits: 1)
    return
      "\(Figures.count(UInt64(count(.regression)), "regression")), "
      + "\(Figures.count(UInt64(count(.improvement)), "improvement")), "
      + "\(count(.unchanged)) of \(differences.count) quantities unchanged; "
      + "chance of a false difference at most \(chance) %"
  }
}
