import UringBase

/// A value that is none of an option's choices.
struct RefusedChoice {
  let value: String
  let choices: [String]

  /// The choices, and those that the user may have meant.
  var advice: String {
    "choose one of \(choices.joined(separator: ", "))" + NearNames.hint(for: value, in: choices)
  }

  // MARK: The parser's message

  private static let beforeValue = "The value '"
  private static let afterValue = "' is invalid for '"
  private static let beforeChoices = ". Please provide one of "

  /// One line that replaces the parser's message about a value that is none of an option's choices,
  /// and gives the ``advice``; nil if `message` is not such a message.
  ///
  /// The parser's own message lists the choices, in several lines if there are many, and cannot be
  /// extended by advice.
  static func line(for message: String) -> String? {
    let parts = message.split(separator: beforeChoices, maxSplits: 1)
    guard parts.count == 2, parts[0].hasPrefix(beforeValue),
      let value = parts[0].dropFirst(beforeValue.count).split(
        separator: afterValue, maxSplits: 1, omittingEmptySubsequences: false
      ).first
    else { return nil }
    let refused = RefusedChoice(value: String(value), choices: choices(String(parts[1])))
    return "\(parts[0]): \(refused.advice)"
  }

  /// The choices at the end of the parser's message. These are quoted words (`'a', 'b' or 'c'.`),
  /// or lines that each begin with a hyphen.
  private static func choices(_ text: String) -> [String] {
    let lines = text.split(separator: "\n")
    if lines.count > 1 { return lines.dropFirst().map { String($0.trimmingPrefix("  - ")) } }
    return text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
      .compactMap { $0.offset.isMultiple(of: 2) ? nil : String($0.element) }
  }
}
