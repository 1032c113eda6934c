/// The parts of the JSON Schema that do not depend on the record kinds.
extension JSONSchema {
  static let shared: [(String, Value)] = [
    ("hex", .object([("type", .text("string")), ("pattern", .text("^0x[0-9a-f]+$"))])),
    ("names", .object([("type", .text("array")), ("items", type("string"))])),
    (
      "errno",
      .object([
        ("type", .list([.text("string"), .text("null")])), ("pattern", .text("^E[A-Z0-9_]+$")),
      ])
    ),
  ]

  /// Members that the lines of all record kinds have, besides `type`, `time_ns` and `event`.
  static let common: [(String, Value)] = [
    ("ring", number(nullableFrom: 1)), ("request", number(nullableFrom: 1)),
    (
      "user_data",
      .object([
        ("type", .list([.text("string"), .text("null")])), ("pattern", .text("^0x[0-9a-f]+$")),
      ])
    ),
    (
      "opcode",
      .object([
        ("type", .list([.text("string"), .text("null")])),
        ("pattern", .text("^[A-Z][A-Z0-9_]*$")),
      ])
    ),
    ("record_opcode", natural), ("sqe_opcode", natural),
    ("record_user_data", reference("hex")),
    (
      "record_bytes",
      .object([("type", .text("string")), ("pattern", .text("^([0-9a-f]{2})+$"))])
    ),
    ("ignored", type("boolean")),
    ("group", .object([("type", .text("integer")), ("minimum", .number(1))])),
    ("tid", natural), ("ctx", reference("hex")), ("kiocb", reference("hex")),
  ]

  var header: (String, Value) {
    (
      "header",
      Self.closed(
        [
          ("type", Self.constant("header")),
          ("schema", .object([("const", .number(description.traceSchema))])),
          ("tool", Self.constant("uringtop")), ("version", Self.type("string")),
          ("kernel", Self.type("string")), ("tier", Self.type("string")),
          ("sampling", .object([("type", .text("integer")), ("minimum", .number(2))])),
          ("start_ns", Self.natural), ("start_realtime_ns", Self.natural),
        ],
        required: [
          "type", "schema", "tool", "version", "kernel", "tier", "start_ns", "start_realtime_ns",
        ])
    )
  }

  var summary: (String, Value) {
    let counts = ["time_ns", "events", "lost", "submitted", "completed", "in_flight", "rings"]
    // Not required, because older versions of uringtop wrote summaries without these members.
    let newer = ["found", "overflowed", "skipped", "ended_unseen"]
    return (
      "summary",
      Self.closed(
        [("type", Self.constant("summary"))] + (counts + newer).map { ($0, Self.natural) },
        required: ["type"] + counts)
    )
  }

  // MARK: Values

  static var natural: Value {
    .object([("type", .text("integer")), ("minimum", .number(0))])
  }

  static func number(nullableFrom minimum: Int) -> Value {
    .object([
      ("type", .list([.text("integer"), .text("null")])), ("minimum", .number(minimum)),
    ])
  }

  static func type(_ name: String) -> Value { .object([("type", .text(name))]) }

  static func constant(_ text: String) -> Value { .object([("const", .text(text))]) }

  static func reference(_ name: String) -> Value { .object([("$ref", .text("#/$defs/\(name)"))]) }

  static func choice(_ names: [String]) -> Value {
    .object([("enum", .list(names.map(Value.text)))])
  }

  static func choice(_ vocabulary: RecordDescription.Vocabulary) -> Value {
    let names = vocabulary.values.compactMap(\.name)
    switch vocabulary.unknown {
    case .number: return type("string")
    case .null: return .object([("enum", .list(names.map(Value.text) + [.null]))])
    case .text: return choice(names.contains("unknown") ? names : names + ["unknown"])
    }
  }

  /// Returns a schema that allows null in addition to the values of `value`.
  static func nullable(_ value: Value) -> Value {
    guard case .object(var members) = value, case .text(let type)? = members.first?.1 else {
      return value
    }
    members[0].1 = .list([.text(type), .text("null")])
    return .object(members)
  }

  static func closed(_ properties: [(String, Value)], required: [String]) -> Value {
    .object([
      ("type", .text("object")), ("additionalProperties", .boolean(false)),
      ("required", .list(required.map(Value.text))), ("properties", .object(properties)),
    ])
  }

  // MARK: Text

  func render(_ value: Value, indent: String) -> String {
    let inner = indent + "  "
    switch value {
    case .text(let text): return "\"\(text)\""
    case .number(let number): return "\(number)"
    case .boolean(let boolean): return "\(boolean)"
    case .null: return "null"
    case .list(let values):
      return "[\n" + values.map { inner + render($0, indent: inner) }.joined(separator: ",\n")
        + "\n\(indent)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      return "{\n"
        + members.map { "\(inner)\"\($0.0)\": \(render($0.1, indent: inner))" }
        .joined(separator: ",\n") + "\n\(indent)}"
    }
  }
}
