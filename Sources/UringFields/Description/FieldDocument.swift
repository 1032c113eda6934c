/// The tables of fields in docs/filters.md and docs/json.md.
package enum FieldDocument {
  /// A Markdown table of the fields for filters and columns: the key with its aliases, the type,
  /// the meaning and the title of the column.
  package static func table<Entity>(of set: FieldSet<Entity>) -> String {
    var text = "| field | type | meaning | column |\n| --- | --- | --- | --- |\n"
    for field in set.fields {
      let names = ([field.key] + field.aliases).map { "`\($0)`" }.joined(separator: ", ")
      text += "| \(names) | \(field.type.rawValue) | \(field.meaning) | \(field.title) |\n"
    }
    return text
  }

  /// A Markdown table of the members of a JSON object. Members of nested objects follow with names
  /// such as `buffer.length`, members of objects in a list with names such as `steps[].time_ns`.
  ///
  /// - Parameter omitted: lists and objects whose members are not listed, because they have a table
  ///   of their own.
  package static func members<Entity>(
    of set: FieldSet<Entity>, omitting omitted: Set<String> = []
  ) -> String {
    "| member | type | meaning |\n| --- | --- | --- |\n"
      + rows(set.members, prefix: "", omitting: omitted)
  }

  private static func rows(
    _ members: [Schema.Member], prefix: String, omitting omitted: Set<String>
  ) -> String {
    members.map { member in
      let name = prefix + member.name
      let optional = member.isRequired ? "" : ", or missing"
      let row = "| `\(name)` | \(member.schema.words)\(optional) | \(member.meaning) |\n"
      guard !omitted.contains(name), let inner = member.schema.inner else { return row }
      return row + rows(inner.members, prefix: name + inner.suffix, omitting: omitted)
    }.joined()
  }
}

extension Schema {
  /// The type in words.
  fileprivate var words: String {
    switch self {
    case .integer: "number"
    case .decimal: "number"
    case .hex: "`\"0x…\"`"
    case .text: "text"
    case .flag: "true or false"
    case .choice(let texts): texts.map { "`\($0)`" }.joined(separator: ", ")
    case .texts: "list of texts"
    case .integers: "list of numbers"
    case .list: "list of objects"
    case .nullable(let schema): "\(schema.words) or null"
    case .object: "object"
    case .figures: "object of numbers"
    }
  }

  /// The members of the object, or of the objects in the list.
  fileprivate var inner: (members: [Member], suffix: String)? {
    switch self {
    case .object(_, let members): (members, ".")
    case .list(let element): element.inner.map { ($0.members, "[].") }
    case .nullable(let schema): schema.inner
    default: nil
    }
  }
}
