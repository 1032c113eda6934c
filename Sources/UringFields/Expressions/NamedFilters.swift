import UringBase

/// Expressions that have names: `@slow` in an expression stands for the one named `slow`.
package struct NamedFilters: Sendable {
  private let texts: [String: String]
  /// Whether all other names are taken for expressions that select everything.
  private let acceptsAny: Bool

  package init(_ texts: [String: String] = [:]) {
    self.texts = texts
    acceptsAny = false
  }

  private init(acceptsAny: Bool) {
    texts = [:]
    self.acceptsAny = acceptsAny
  }

  /// For the syntax of an expression whose names are not known yet.
  package static let any = NamedFilters(acceptsAny: true)

  subscript(name: String) -> String? { texts[name] ?? (acceptsAny ? "" : nil) }

  /// The message that there is no filter of this name.
  func complaint(about name: String) -> String {
    let hint = NearNames.hint(for: name, in: texts.keys.map { $0 })
    return "no filter is named '\(name)'"
      + (hint.isEmpty ? "; to search for the text, write \"@\(name)\" in quotes" : hint)
  }
}
