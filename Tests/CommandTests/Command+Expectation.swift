import TestSupport
import Testing

extension Command {
  /// Expects `status`, and exactly one line on standard error, which contains `text`.
  static func expectFailure(
    _ arguments: String..., status: Int32, says text: String,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectFailure(
      arguments, status: status, says: text, environment: environment,
      sourceLocation: sourceLocation)
  }

  static func expectFailure(
    _ arguments: [String], status: Int32, says text: String,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try run(arguments, environment: environment)
    #expect(outcome.status == status, "\(outcome.error)", sourceLocation: sourceLocation)
    #expect(outcome.error.contains(text), sourceLocation: sourceLocation)
    #expect(
      outcome.error.hasPrefix("uringtop: ") && outcome.error.hasSuffix("\n")
        && outcome.error.filter(\.isNewline).count == 1,
      "not one line: \(outcome.error)", sourceLocation: sourceLocation)
  }
}
