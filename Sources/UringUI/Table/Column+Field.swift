import UringBase
import UringFields

extension Column where Row: Sendable {
  /// A column that shows a field, which the user can add to the table.
  init(_ field: Field<Row>) {
    let isText = [.text, .words, .flag].contains(field.type)
    self.init(
      field.title, width: isText ? 12 : field.type == .time ? 10 : 9, minimum: 5,
      isText ? .left : .right, priority: 0,
      growth: isText ? .toContent : .none, order: Self.order(by: field)
    ) { row, scene in Piece(Self.text(of: field, row, scene)) }
  }

  /// The text of a field's value. A time is shown as its distance from the snapshot.
  private static func text(of field: Field<Row>, _ row: Row, _ scene: Scene) -> String {
    guard field.type == .time, case .number(let time) = field.value(row, scene.snapshot) else {
      return field.text(row, scene.snapshot)
    }
    return scene.distance(to: time).ofBound(field.isBound(row))
  }

  private static func order(by field: Field<Row>) -> Order {
    switch field.type {
    case .text, .words, .flag: .text { field.text($0, $1.snapshot) }
    case .result:
      .signed { row, scene in
        switch field.value(row, scene.snapshot) {
        case .number(let number): Int64(clamping: number)
        case .signed(let number): number
        default: .max
        }
      }
    default:
      .number { row, scene in
        if case .number(let number) = field.value(row, scene.snapshot) { number } else { 0 }
      }
    }
  }
}
