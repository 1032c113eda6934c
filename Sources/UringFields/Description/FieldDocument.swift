/// The table of fields in docs/filters.md.
package enum FieldDocument {
  /// A Markdown table: the key with its aliases, the type, the meaning and the title of the column.
  package static func table<Entity>(of set: FieldSet<Entity>) -> String {
    var text = "| field | type | meaning | column |\n| --- | --- | --- | --- |\n"
    for field in set.fields {
      let names = ([field.key] + field.aliases).map { "`\($0)`" }.joined(separator: ", ")
      text += "| \(names) | \(field.type.rawValue) | \(field.meaning) | \(field.title) |\n"
    }
    return text
  }
}
