import UringBase
import UringTrace

/// Chosen fields of entities, as rows of text.
public struct FieldTable<Entity: Sendable>: Sendable {
  public let fields: [Field<Entity>]

  /// - Parameter columns: names of fields, separated by commas; nil for all.
  /// - Throws: ``QueryError`` with the position of a name that is not a field.
  public init(_ set: FieldSet<Entity>, columns: String? = nil) throws(QueryError) {
    guard let columns else {
      fields = set.fields
      return
    }
    var fields: [Field<Entity>] = []
    var position = 1
    for name in columns.split(separator: ",", omittingEmptySubsequences: false) {
      guard !name.isEmpty else {
        throw QueryError(position: position, message: "a field name is missing")
      }
      guard let field = set.field(String(name)) else {
        throw QueryError(position: position, message: set.complaint(about: String(name)))
      }
      fields.append(field)
      position += name.count + 1
    }
    self.fields = fields
  }

  public init(_ fields: [Field<Entity>]) { self.fields = fields }

  /// A row for each entity.
  public func rows(_ entities: [Entity], in snapshot: Snapshot) -> TextRows {
    TextRows(
      columns: fields.map { TextRows.Column($0) },
      rows: entities.map { entity in
        fields.map {
          $0.cell($0.value(entity, snapshot), isBound: $0.isBound(entity), at: snapshot.time)
        }
      })
  }

  /// A row for each value of a field: the value, the number of entities that have it, and the
  /// totals of the table's other fields. The most frequent value comes first.
  ///
  /// - Returns: the rows, and the values in their order.
  public func totals(
    by field: Field<Entity>, _ entities: [Entity], in snapshot: Snapshot
  ) -> (rows: TextRows, values: [FieldValue]) {
    var summed = fields.filter { $0.total != nil && $0.key != field.key }
    // Leaves out columns in which no entity has a value.
    summed.removeAll { field in
      entities.allSatisfy { field.value($0, snapshot) == FieldValue.none }
    }
    var sums: [FieldValue: (count: UInt64, totals: [RunningTotal])] = [:]
    for entity in entities {
      let key = field.value(entity, snapshot)
      var sum = sums[key] ?? (0, summed.map { _ in RunningTotal() })
      sum.count += 1
      for (index, field) in summed.enumerated() {
        sum.totals[index].add(
          field.value(entity, snapshot), of: field.unit?(entity), isBound: field.isBound(entity),
          by: field.total!)
      }
      sums[key] = sum
    }
    var groups = sums.map { value, sum in
      let cells =
        [field.cell(value, at: snapshot.time), TextRows.Cell("\(sum.count)")]
        + zip(summed, sum.totals).map { $0.cell($1.value, isBound: $1.isBound, at: snapshot.time) }
      return (count: sum.count, value: value, cells: cells)
    }
    groups.sort { ($1.count, $0.cells[0].text) < ($0.count, $1.cells[0].text) }
    let count = TextRows.Column(title: "ROWS", key: "entities", isNumeric: true)
    let rows = TextRows(
      columns: [TextRows.Column(field), count]
        + summed.map { TextRows.Column($0, prefix: $0.total!.prefix) },
      rows: groups.map(\.cells))
    return (rows, groups.map(\.value))
  }
}

extension Field {
  /// The cell of a value. A time is shown as its distance from now, because a CLOCK_MONOTONIC time
  /// means nothing to people.
  fileprivate func cell(
    _ value: FieldValue, isBound: Bool = false, at now: UInt64
  ) -> TextRows.Cell {
    let text =
      if type == .time, case .number(let time) = value {
        Figures.distance(to: time, from: now)
      } else {
        type.text(value)
      }
    return TextRows.Cell(text.ofBound(isBound), plain: type.plainText(value))
  }
}

extension TextRows.Column {
  fileprivate init<Entity>(_ field: Field<Entity>, prefix: String = "") {
    self.init(
      title: prefix.uppercased() + field.title, key: prefix + field.unitKey,
      isNumeric: field.type.isOrdered)
  }
}
