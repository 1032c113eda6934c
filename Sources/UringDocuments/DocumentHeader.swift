import UringFields

/// The members that every document begins with.
enum DocumentHeader {
  static func fields<Document>(
    _ schema: UInt32, toolVersion: @escaping @Sendable (Document) -> String
  ) -> [Field<Document>] {
    [
      Field("schema", .number, meaning: "Version of the document's layout.") { _, _ in
        .integer(schema)
      },
      Field("tool", .text, meaning: "`uringtop`.") { _, _ in .text("uringtop") },
      Field("version", .text, meaning: "uringtop's version.") { document, _ in
        .text(toolVersion(document))
      },
    ]
  }
}
