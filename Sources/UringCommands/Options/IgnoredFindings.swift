import ArgumentParser
import UringBase
import UringFields
import UringFindings
import UringTrace

/// Findings that the user wants to ignore, given as `TAG` or `TAG:FILTER`.
struct IgnoredFindings {
  private let entries: [(tag: String, query: Query<Finding>)]

  init(_ arguments: [String]) throws {
    entries = try arguments.map { argument in
      let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let tag = String(parts[0])
      guard FindingRule.all.contains(where: { $0.tag == tag }) else {
        throw ValidationError(
          "--ignore: no rule has the tag '\(tag)'; docs/findings.md lists the tags"
            + NearNames.hint(for: tag, in: FindingRule.all.map(\.tag)))
      }
      let filter = parts.count > 1 ? String(parts[1]) : ""
      return (tag, try Query(option: filter, named: "--ignore \(tag)", over: .findings))
    }
  }

  func contains(_ finding: Finding, in snapshot: Snapshot) -> Bool {
    entries.contains { $0.tag == finding.tag && $0.query.matches(finding, in: snapshot) }
  }
}
