import UringBase
import UringDocuments
import UringFindings
import UringTrace

/// A report as a test result in JUnit's XML. Each rule is a test, so that tests have the same names
/// in every run.
struct ReportJUnit {
  let verdict: ReportVerdict

  /// The result of a test.
  private enum Outcome {
    case passed
    case failed(type: String, message: String, text: String)
    case skipped(String)
  }

  private struct Test {
    var name: String
    var outcome: Outcome
    /// The findings of a test that passed, as text.
    var output = ""
  }

  var text: PlainText {
    let tests = self.tests
    let failures = tests.count { if case .failed = $0.outcome { true } else { false } }
    let skipped = tests.count { if case .skipped = $0.outcome { true } else { false } }
    let snapshot = verdict.document.snapshot
    let watched = snapshot.time.since(snapshot.host.startTime) / 1_000_000
    let duration = "\(watched / 1_000).\(Figures.padded(watched % 1_000, to: 3))"
    let counts =
      #"tests="\#(tests.count)" failures="\#(failures)" errors="0" skipped="\#(skipped)" time="\#(duration)""#
    var text = PlainText()
    text.line(#"<?xml version="1.0" encoding="UTF-8"?>"#)
    text.line(#"<testsuites name="uringtop" \#(counts)>"#)
    text.line(#"  <testsuite name="uringtop report" \#(counts)>"#)
    text.line("    <properties>")
    property("version", verdict.document.toolVersion, &text)
    property("kernel", snapshot.host.kernel, &text)
    property("rings", "\(snapshot.rings.count)", &text)
    text.line("    </properties>")
    for test in tests { write(test, &text) }
    text.line("  </testsuite>")
    text.line("</testsuites>")
    return text
  }

  private func property(_ name: String, _ value: String, _ text: inout PlainText) {
    text.line(#"      <property name="\#(name)" value="\#(value.markup)"/>"#)
  }

  private func write(_ test: Test, _ text: inout PlainText) {
    let start = #"    <testcase classname="uringtop" name="\#(test.name.markup)" time="0""#
    if case .passed = test.outcome, test.output.isEmpty {
      text.line(start + "/>")
      return
    }
    text.line(start + ">")
    switch test.outcome {
    case .passed: break
    case .skipped(let reason): text.line(#"      <skipped message="\#(reason.markup)"/>"#)
    case .failed(let type, let message, let body):
      text.line(#"      <failure type="\#(type)" message="\#(message.markup)">"#)
      for line in body.split(separator: "\n") { text.line(String(line).markup) }
      text.line("      </failure>")
    }
    if !test.output.isEmpty {
      text.line("      <system-out>")
      for line in test.output.split(separator: "\n") { text.line(String(line).markup) }
      text.line("      </system-out>")
    }
    text.line("    </testcase>")
  }

  // MARK: Tests

  private var tests: [Test] {
    var tests = FindingRule.all.map { test(of: $0.tag) }
    if verdict.requiresRings {
      let outcome: Outcome =
        verdict.lacksRings
        ? .failed(type: "rings", message: ReportVerdict.lacksRingsText, text: "") : .passed
      tests.append(Test(name: "rings", outcome: outcome))
    }
    if verdict.document.command != nil {
      let outcome: Outcome =
        verdict.document.commandFailure.map { .failed(type: "command", message: $0, text: "") }
        ?? .passed
      tests.append(Test(name: "command", outcome: outcome))
    }
    return tests
  }

  private func test(of tag: String) -> Test {
    let document = verdict.document
    let findings = document.findings.filter { $0.tag == tag }
    let details = ReportText(document)
    let all = findings.map { details.lines(of: $0).text }.joined(separator: "\n")
    // Without --fail-on, a finding of severity `info` is not a failure.
    let limit = verdict.failOn ?? .warn
    if let worst = findings.first(where: { $0.severity >= limit }) {
      let more = findings.count - 1
      let message = worst.summary + (more > 0 ? ", and \(Figures.count(more, "finding")) more" : "")
      return Test(
        name: tag, outcome: .failed(type: "\(worst.severity.name)", message: message, text: all))
    }
    if !findings.isEmpty { return Test(name: tag, outcome: .passed, output: all) }
    let ignored = verdict.ignored.count { $0.tag == tag }
    if ignored > 0 {
      return Test(
        name: tag, outcome: .skipped("\(Figures.count(ignored, "finding")) ignored: --ignore"))
    }
    if let rule = document.notEvaluated.first(where: { $0.tag == tag }) {
      let reason = UnevaluatedRule.lines([rule]).joined(separator: "; ")
      return Test(name: tag, outcome: .skipped("not evaluated: \(reason)"))
    }
    return Test(name: tag, outcome: .passed)
  }
}
