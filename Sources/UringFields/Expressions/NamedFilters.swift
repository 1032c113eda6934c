import UringBase

/// Expressions that have names. `@slow` in another expression stands for the one named `slow`.
package struct NamedFilters: Sendable {
  private let read: @Sendable () -> [String: String]
  /// True if names that are not known are accepted: they stand for an expression that selects
  /// everything.
  private let acceptsAny: Bool

  package init(_ texts: [String: String] = [:]) {
    self.init(reading: { texts })
  }

  /// - Parameter read: called only when an expression uses a name.
  package init(reading read: @escaping @Sendable () -> [String: String]) {
    self.read = read
    acceptsAny = false
  }

  private init(acceptsAny: Bool) {
    read = { [:] }
    self.acceptsAny = acceptsAny
  }

  /// Accepts every name. Used to check the syntax of an expression before the names are known.
  package static let any = NamedFilters(acceptsAny: true)

  /// Maximum number of names in a message.
  private static let mostNames = 8

  subscript(name: String) -> String? { read()[name] ?? (acceptsAny ? "" : nil) }

  /// An error message: no filter has this name. Suggests the names that the user may have meant.
  func complaint(about name: String) -> String {
    let names = read().keys.sorted()
    let hint = NearNames.hint(for: name, in: names)
    guard hint.isEmpty else { return "no filter is named '\(name)'" + hint }
    let known = names.prefix(Self.mostNames).joined(separator: ", ")
    return "no filter is named '\(name)'" + (names.isEmpty ? "" : ", only \(known)")
      + (names.count > Self.mostNames ? " and \(names.count - Self.mostNames) more" : "")
      + "; to search for the text, write \"@\(name)\" in quotes"
  }
}
