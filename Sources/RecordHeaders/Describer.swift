/// Converts the headers' declarations into a description of the record kinds: checks them, computes
/// the layout of structs and inlines nested structs.
struct Describer {
  private let headers: Headers
  private let schema: Int

  static func describe(_ headers: Headers) throws -> RecordDescription {
    let describer = Describer(headers: headers, schema: headers.constants["RECORD_SCHEMA"] ?? 1)
    return RecordDescription(
      schema: describer.schema, traceSchema: headers.constants["TRACE_SCHEMA"] ?? describer.schema,
      kinds: try headers.kinds.sorted { $0.number < $1.number }.map(describer.kind),
      vocabularies: headers.enumerations.keys.sorted().map(describer.vocabulary),
      topics: headers.topics)
  }

  // MARK: Kinds

  private func kind(_ declaration: Headers.Kind) throws -> RecordDescription.Kind {
    func failure(_ message: String) -> DescriptionError {
      DescriptionError(line: declaration.line, message: message)
    }
    guard let structure = headers.structure("record_" + declaration.name) else {
      throw failure("struct record_\(declaration.name) is missing")
    }
    let comment = structure.comment
    try check(
      comment, structure.line,
      allowed: ["title", "needs", "event", "logged", "order", "since", "closes", "plain"])
    guard let title = comment["title"], (1...2).contains(title.count) else {
      throw DescriptionError(line: structure.line, message: "expected @title \"title\" role")
    }
    let needs = comment["needs"] ?? []
    guard needs.allSatisfy({ ["ring", "request"].contains($0) }) else {
      throw DescriptionError(line: structure.line, message: "expected @needs ring request")
    }
    var layout = try layout(structure, at: 0, condition: nil)
    guard let base = structure.fields.first, base.name == "base",
      base.type == .structure("record")
    else {
      throw DescriptionError(
        line: structure.line, message: "a record starts with struct record base;")
    }
    let structSize = layout.size
    if let longer = extensions(of: declaration.name).first {
      let fields = try self.layout(longer, at: 0, condition: nil)
      layout.fields += fields.fields.filter { $0.scalar.offset >= structSize }
      layout.size = fields.size
    }
    let growth = layout.fields.filter(\.isGrowth).map(\.scalar.offset).min()
    let first = layout.fields.filter { !$0.isGrowth }.map(\.end).max() ?? 0
    let minimum =
      growth == nil
      ? structSize : max(RecordDescription.aligned(first), RecordDescription.aligned(recordSize))
    for field in layout.fields {
      if field.isGrowth, field.scalar.offset < minimum {
        throw DescriptionError(
          line: field.line, message: "\(field.cName) does not make the record longer: @reused")
      }
      if growth != nil, field.format.trails {
        throw DescriptionError(
          line: field.line, message: "a record with something behind it cannot grow: a new number")
      }
    }
    return RecordDescription.Kind(
      name: declaration.name, swiftName: declaration.swiftName, number: declaration.number,
      topic: structure.topic, text: comment.text, title: title[0],
      role: title.count > 1 ? title[1] : "text", needsRing: needs.contains("ring"),
      needsRequest: needs.contains("request"), isEvent: comment["event"] != nil,
      isLogged: comment["logged"] != nil, closes: comment["closes"] != nil,
      since: try version(comment["since"], structure.line) ?? 1, minimumSize: minimum,
      structSize: structSize, fullSize: layout.size, fields: layout.fields)
  }

  /// Returns the longer structs (`@extends`) that some records of a kind have instead of the kind's
  /// own struct.
  private func extensions(of kind: String) -> [Headers.Structure] {
    headers.structures.filter { $0.comment["extends"] == [kind] }
  }

  private var recordSize: Int { headers.structure("record").map { (try? size(of: $0)) ?? 0 } ?? 0 }

  // MARK: Layout

  private struct Layout {
    var fields: [RecordDescription.Field] = []
    var size = 0
    var alignment = 1
  }

  private func size(of structure: Headers.Structure) throws -> Int {
    try layout(structure, at: 0, condition: nil).size
  }

  /// Returns the fields of a struct, in the order of their members in JSON, and its layout by the
  /// rules of C.
  ///
  /// - Parameters:
  ///   - start: offset of the struct in the record.
  ///   - condition: field that must not be 0 for the members to be present; nil for none.
  private func layout(
    _ structure: Headers.Structure, at start: Int, condition: RecordDescription.Scalar?
  ) throws -> Layout {
    var layout = Layout()
    var scalars: [String: RecordDescription.Scalar] = [:]
    var described: [(name: String, fields: [RecordDescription.Field])] = []
    for field in structure.fields {
      let (size, alignment) = try self.size(of: field)
      let offset = RecordDescription.aligned(layout.size, to: alignment)
      scalars[field.name] = .init(offset: start + offset, width: size)
      layout.size = offset + size * (field.count ?? 1)
      layout.alignment = max(layout.alignment, alignment)
      let resolver = FieldResolver(
        headers: headers, structure: structure, field: field, offset: start + offset, width: size,
        scalars: scalars, condition: condition, schema: schema, vocabulary: vocabulary)
      if case .structure(let name) = field.type {
        guard name != "record" else { continue }
        described.append((field.name, try nested(name, field, at: start + offset, resolver)))
      } else if let resolved = try resolver.resolved() {
        described.append((field.name, [resolved]))
      }
    }
    for name in structure.comment["plain"] ?? []
    where !structure.fields.contains(where: { $0.name == name }) {
      throw DescriptionError(
        line: structure.line, message: "@plain names \(name), which is not a field")
    }
    layout.size = RecordDescription.aligned(layout.size, to: layout.alignment)
    layout.fields = try order(described, structure)
    return layout
  }

  /// Returns the fields of a nested struct: inlined or, with `@object`, as a single field whose
  /// JSON is an object.
  private func nested(
    _ name: String, _ field: Headers.Field, at offset: Int, _ resolver: FieldResolver
  ) throws -> [RecordDescription.Field] {
    guard let inner = headers.structure(name) else {
      throw DescriptionError(line: field.line, message: "struct \(name) is not declared")
    }
    let condition = try resolver.conditionOfNested()
    var fields = try layout(inner, at: offset, condition: condition).fields
    if field.comment["object"] != nil { return [try resolver.object(fields)] }
    for index in fields.indices { fields[index].cName = "\(field.name).\(fields[index].cName)" }
    return fields
  }

  private func order(
    _ fields: [(name: String, fields: [RecordDescription.Field])], _ structure: Headers.Structure
  ) throws -> [RecordDescription.Field] {
    var ordered = fields
    if let order = structure.comment["order"] {
      // `@order` does not name the members that the JSON lines of all kinds have. These members
      // always come first.
      let members = fields.filter { !$0.fields.allSatisfy(\.format.isOfLine) }
      guard order.sorted() == members.map(\.name).sorted() else {
        let missing = members.map(\.name).filter { !order.contains($0) }
        throw DescriptionError(
          line: structure.line,
          message: "@order names each field once"
            + (missing.isEmpty ? "" : ", also \(missing.joined(separator: ", "))"))
      }
      ordered = fields.filter { $0.fields.allSatisfy(\.format.isOfLine) }
      ordered += order.map { name in fields.first { $0.name == name }! }
    }
    let all = ordered.flatMap(\.fields)
    // In JSON, values that are stored behind the struct follow the fields of the struct.
    let result = all.filter { !$0.format.trails } + all.filter { $0.format.trails }
    for (index, field) in result.enumerated()
    where result[..<index].contains(where: { $0.name == field.name && !field.format.isOfLine }) {
      throw DescriptionError(line: field.line, message: "two members are called \(field.name)")
    }
    return result
  }

  /// Returns the size and alignment of a field or, for an array, of one element.
  private func size(of field: Headers.Field) throws -> (size: Int, alignment: Int) {
    switch field.type {
    case .integer(let width, _): return (width, width)
    case .character: return (1, 1)
    case .enumeration(let name):
      if name == "record_kind" { return (1, 1) }
      guard let width = headers.enumerations[name]?.width else {
        throw DescriptionError(line: field.line, message: "enum \(name) is not declared")
      }
      return (width, width)
    case .structure(let name):
      guard let structure = headers.structure(name) else {
        throw DescriptionError(line: field.line, message: "struct \(name) is not declared")
      }
      let layout = try layout(structure, at: 0, condition: nil)
      return (layout.size, layout.alignment)
    }
  }

  // MARK: Vocabularies

  private func vocabulary(_ name: String) -> RecordDescription.Vocabulary {
    let enumeration = headers.enumerations[name]!
    let values = enumeration.values.map {
      (number: $0.number, name: $0.name == "null" ? nil : Optional($0.name))
    }
    let unknown =
      enumeration.comment["unknown"]?.first.flatMap(RecordDescription.Vocabulary.Unknown.init)
      ?? (values.contains { $0.name == nil } ? .null : .text)
    return RecordDescription.Vocabulary(name: name, values: values, unknown: unknown)
  }

  // MARK: Checks

  private func check(_ comment: Comment, _ line: SourceLine, allowed: Set<String>) throws {
    for annotation in comment.annotations where !allowed.contains(annotation.name) {
      throw DescriptionError(line: line, message: "@\(annotation.name) does not belong to a kind")
    }
  }

  private func version(_ arguments: [String]?, _ line: SourceLine) throws -> Int? {
    guard let arguments else { return nil }
    guard arguments.count == 1, let version = Int(arguments[0]), (1...schema).contains(version)
    else { throw DescriptionError(line: line, message: "expected a schema, \(schema) at most") }
    return version
  }
}

extension RecordDescription.Field.Format {
  /// True if the value is stored behind the struct.
  var trails: Bool {
    switch self {
    case .trailingText, .trailingPairs: true
    default: false
    }
  }

  /// True for a member that the JSON lines of all record kinds have.
  var isOfLine: Bool {
    if case .line = self { true } else { false }
  }
}
