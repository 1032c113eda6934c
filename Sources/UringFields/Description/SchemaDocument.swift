/// A JSON Schema of a document, made from the descriptions of its fields.
package enum SchemaDocument {
  /// - Parameter title: the command that writes the document.
  package static func text<Document>(_ title: String, of set: FieldSet<Document>) -> String {
    var definitions = Definitions()
    let members = definitions.object(set.members, indent: 2)
    return """
      {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "\(title)",
        "description": "docs/json.md describes each member.",
      \(members),
        "$defs": {
      \(definitions.texts.map { "    \"\($0.name)\": \($0.text)" }.joined(separator: ",\n"))
        }
      }

      """
  }

  /// The objects that a document contains, each defined once.
  private struct Definitions {
    private(set) var texts: [(name: String, text: String)] = []
    private var names: Set<String> = []

    /// The keywords of an object's schema, without the braces.
    mutating func object(_ members: [Schema.Member], indent: Int) -> String {
      let space = String(repeating: " ", count: indent)
      let required = members.filter(\.isRequired).map { "\"\($0.name)\"" }
      let properties = members.map {
        "\(space)  \"\($0.name)\": \(value($0.schema, meaning: $0.meaning))"
      }
      return """
        \(space)"type": "object",
        \(space)"additionalProperties": false,
        \(space)"required": [\(required.joined(separator: ", "))],
        \(space)"properties": {
        \(properties.joined(separator: ",\n"))
        \(space)}
        """
    }

    private mutating func value(_ schema: Schema, meaning: String = "") -> String {
      let description =
        meaning.isEmpty ? "" : ", \"description\": \"\(meaning.replacing("\"", with: "\\\""))\""
      return "{\(keywords(schema))\(description)}"
    }

    private mutating func keywords(_ schema: Schema) -> String {
      switch schema {
      case .integer: "\"type\": \"integer\""
      case .decimal: "\"type\": \"number\""
      case .hex: "\"type\": \"string\", \"pattern\": \"^0x[0-9a-f]+$\""
      case .text: "\"type\": \"string\""
      case .flag: "\"type\": \"boolean\""
      case .choice(let texts): "\"enum\": [\(texts.map { "\"\($0)\"" }.joined(separator: ", "))]"
      case .texts: "\"type\": \"array\", \"items\": {\"type\": \"string\"}"
      case .integers: "\"type\": \"array\", \"items\": {\"type\": \"integer\"}"
      case .list(let element): "\"type\": \"array\", \"items\": \(value(element))"
      case .nullable(let schema): "\"anyOf\": [{\"type\": \"null\"}, \(value(schema))]"
      case .figures: "\"type\": \"object\", \"additionalProperties\": {\"type\": \"integer\"}"
      case .object(let name, let members): reference(to: name, members)
      }
    }

    private mutating func reference(to name: String, _ members: [Schema.Member]) -> String {
      let key = String(name.lowercased().map { $0.isLetter ? $0 : "_" })
      if names.insert(key).inserted {
        let text = object(members, indent: 6)
        texts.append((key, "{\n\(text)\n    }"))
      }
      return "\"$ref\": \"#/$defs/\(key)\""
    }
  }
}
