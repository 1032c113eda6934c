import UringBase
import UringTrace

/// Chosen fields of entities, as rows of text.
public struct FieldTable<Entity: Sendable>: Sendable {
  public let fields: [Field<Entity>]

  /// - Parameter columns: names of fields, separated by commas; nil for all.
  /// - Throws: ``QueryError`` with the position of a name that is no field.
  public init(_ set: FieldSet<Entity>, columns: String? = nil) throws(QueryError) {
    guard let columns else {
      fields = set.fields
      return
    }
    var fields: [Field<Entity>] = []
    var position = 1
    for name in columns.split(separator: ",", omittingEmptySubsequences: false) {
      guard let field = set.field(String(name)) else {
        throw QueryError(position: position, message: set.complaint(about: String(name)))
      }
      fields.append(field)
      position += name.count + 1
    }
    self.fields = fields
  }

  /// The titles, and a row for each entity with `-` for absent values.
  public func rows(_ entities: [Entity], in snapshot: Snapshot) -> [[String]] {
    [fields.map(\.title)]
      + entities.map { entity in
        fields.map { field in
          let text = field.text(entity, snapshot)
          return text.isEmpty ? "-" : text
        }
      }
  }

  /// Positions of fields whose values are numbers.
  public var numericColumns: Set<Int> {
    Set(fields.indices.filter { fields[$0].type.isOrdered })
  }

  /// Lines as in RFC 4180: the keys, and the plain values of each entity.
  public func csv(_ entities: [Entity], in snapshot: Snapshot) -> String {
    var text = fields.map(\.unitKey).joined(separator: ",") + "\r\n"
    for entity in entities {
      let cells = fields.map { Self.quoted($0.type.plainText($0.value(entity, snapshot))) }
      text += cells.joined(separator: ",") + "\r\n"
    }
    return text
  }

  /// A cell of CSV. Made printable, because names are untrusted and CSV is also displayed in terminals.
  private static func quoted(_ text: String) -> String {
    let text = text.printable
    guard text.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
