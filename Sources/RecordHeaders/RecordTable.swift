/// Generates docs/records.md.
struct RecordTable {
  let description: RecordDescription

  var text: String {
    """
    # Records

    Generated from `bpf/include/records/*.h` by `make describe`.

    A record is a header (time, ring, request, thread, size, kind, opcode) and the fields of its kind. Each record is a
    line of trace.jsonl; its `event` is the name below. Members that every line has are described in
    [json.md](json.md#event). An *event* is a step of a replay. *Logged* records appear in the event log.

    Fields are in the order of the JSON. `hex` is a string, `"0x…"`. Values in brackets after a name are its JSON
    members where they differ from the field's name in C.

    \(lines(description.topics, topic))
    ## Shared structs

    \(lines(shared, object))
    """
  }

  private func topic(_ topic: (name: String, text: String)) -> String {
    let kinds = description.kinds.filter { $0.topic == topic.name }
    guard !kinds.isEmpty else { return "" }
    return """
      ## \(topic.name.prefix(1).uppercased() + topic.name.dropFirst())

      \(topic.text)

      \(lines(kinds, kind))
      """
  }

  private func kind(_ kind: RecordDescription.Kind) -> String {
    var facts = ["number \(kind.number)"]
    if kind.isEvent { facts.append("event") }
    if kind.isLogged { facts.append("logged") }
    let needs = (kind.needsRing ? ["ring"] : []) + (kind.needsRequest ? ["request"] : [])
    if !needs.isEmpty { facts.append("needs \(needs.joined(separator: " and "))") }
    facts.append(
      kind.fullSize == kind.minimumSize
        ? "\(kind.minimumSize) bytes" : "\(kind.minimumSize) to \(kind.fullSize) bytes")
    if kind.since > 1 { facts.append("since schema \(kind.since)") }
    return """
      ### `\(kind.name)`

      \(kind.text)

      *\(facts.joined(separator: ", "))*

      \(table(rows(kind.fields)))
      """
  }

  // MARK: Tables

  private func table(_ rows: [String]) -> String {
    rows.isEmpty
      ? ""
      : "| member | type | meaning |\n| --- | --- | --- |\n" + rows.joined(separator: "\n") + "\n"
  }

  /// Returns the rows of a table of fields. A nested struct has one row, which refers to its own
  /// table.
  private func rows(_ fields: [RecordDescription.Field]) -> [String] {
    var rows: [String] = []
    var nested: Set<String> = []
    for field in fields {
      if let dot = field.cName.firstIndex(of: ".") {
        let name = String(field.cName[..<dot])
        if nested.insert(name).inserted {
          let condition = field.condition == nil ? "" : ", if known"
          rows.append("| | | the members of [\(name)](#\(name))\(condition) |")
        }
      } else if !field.format.isOfLine {
        rows.append(row(field))
      }
    }
    return rows
  }

  private func row(_ field: RecordDescription.Field) -> String {
    let names = Self.names(field).map { "`\($0)`" }.joined(separator: ", ")
    var meaning = field.text
    if !field.unit.isEmpty { meaning += " (\(field.unit))" }
    if field.omitted != nil { meaning += "; missing if zero" }
    if let added = field.added { meaning += "; missing in older traces (added in schema \(added))" }
    return "| \(names) | \(type(field)) | \(meaning.replacing("|", with: "\\|")) |"
  }

  private static func names(_ field: RecordDescription.Field) -> [String] {
    var names = [field.name]
    if case .requestFlags = field.format { names.insert("flags", at: 0) }
    if let alternative = field.alternative { names.append(alternative.name) }
    switch field.derived {
    case "cqe_flags": names += ["cqe_flags", "bid"]
    case "ublk_command", "fuse_command": names.append("command_name")
    case let derived?: names.append(derived)
    case nil: break
    }
    return names
  }

  private func type(_ field: RecordDescription.Field) -> String {
    let number = (field.isSigned ? "s" : "u") + "\(field.scalar.width * 8)"
    let base =
      switch field.format {
      case .integer: number
      case .hex: "hex \(number)"
      case .boolean: "bool"
      case .text, .trailingText: "text"
      case .words: "hex \(number) × \(field.count ?? 1)"
      case .names, .bits: "names"
      case .requestFlags: "names, hex \(number)"
      case .choice(let vocabulary):
        vocabulary.values.compactMap(\.name).map { "`\($0)`" }.joined(separator: ", ")
      case .line: ""
      case .object: "[\(field.name)](#\(field.name))"
      case .trailingPairs: "numbers"
      }
    return field.null == nil ? base : base + " or null"
  }

  // MARK: Shared structs

  /// The nested structs that have a table of their own, with the name of the field that contains
  /// them.
  private var shared: [(name: String, fields: [RecordDescription.Field])] {
    var shared: [(name: String, fields: [RecordDescription.Field])] = []
    func add(_ name: String, _ fields: [RecordDescription.Field]) {
      if !shared.contains(where: { $0.name == name }) { shared.append((name, fields)) }
    }
    for kind in description.kinds {
      for field in kind.fields {
        if case .object(let fields) = field.format { add(field.name, fields) }
      }
      for name in ["sqe", "buffer"] {
        let fields = kind.fields.filter { $0.cName.hasPrefix(name + ".") }.map { field in
          var inner = field
          inner.cName = String(field.cName.dropFirst(name.count + 1))
          return inner
        }
        if !fields.isEmpty { add(name, fields) }
      }
    }
    return shared
  }

  private func object(_ shared: (name: String, fields: [RecordDescription.Field])) -> String {
    "### \(shared.name)\n\n" + table(rows(shared.fields))
  }
}
