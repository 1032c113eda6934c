import Foundation
import Testing
import UringFindings

/// Tests of the table of finding rules and of the rules' documentation (docs/findings.md).
@Suite struct FindingRuleTests {
  private static let document: String? = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return try? String(
      contentsOf: folder.appending(path: "../../docs/findings.md"), encoding: .utf8)
  }()

  @Test func everyRuleIsDocumentedAndNothingElse() throws {
    let document = try #require(Self.document)
    let sections = document.split(separator: "\n").filter { $0.hasPrefix("## ") }
      .map { String($0.dropFirst(3)) }
    #expect(Set(sections) == Set(FindingRule.all.map(\.tag)))
    #expect(sections.count == FindingRule.all.count)
  }

  @Test(arguments: FindingRule.all.map(\.tag))
  func itsSectionSaysWhatItSeesWhatHelpsAndWhenItIsSilent(tag: String) throws {
    let document = try #require(Self.document)
    let start = try #require(document.range(of: "\n## \(tag)\n")).upperBound
    let section = document[start...].components(separatedBy: "\n## ")[0]
    for part in ["\n- Sees: ", "\n- Severity: ", "\n- Cure: ", "\n- Silent: "] {
      #expect(section.contains(part), "\(part)")
    }
  }

  @Test func tagsAreInKebabCaseAndSentencesEnd() {
    for rule in FindingRule.all {
      #expect(rule.tag.allSatisfy { $0.isLowercase || $0 == "-" })
      #expect(rule.meaning.hasSuffix(".") && rule.cure.hasSuffix("."))
    }
  }
}
