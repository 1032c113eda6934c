/// A line of text that the user is editing.
struct TextField: Hashable, Sendable {
  private(set) var scalars: [Unicode.Scalar]
  private(set) var caret: Int

  init(_ text: String = "") {
    scalars = Array(text.unicodeScalars)
    caret = scalars.count
  }

  var text: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Handles an editing key. Returns false for other keys.
  mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let scalar) where scalar.displayWidth != nil:
      scalars.insert(scalar, at: caret)
      caret += 1
    case .control("u"):
      scalars.removeSubrange(..<caret)
      caret = 0
    case .control("w"):
      while caret > 0, scalars[caret - 1] == " " { remove(before: caret) }
      while caret > 0, scalars[caret - 1] != " " { remove(before: caret) }
    case .control("a"), .home: caret = 0
    case .control("e"), .end: caret = scalars.count
    case .backspace where caret > 0: remove(before: caret)
    case .delete where caret < scalars.count: scalars.remove(at: caret)
    case .left where caret > 0: caret -= 1
    case .right where caret < scalars.count: caret += 1
    case .backspace, .delete, .left, .right: break
    default: return false
    }
    return true
  }

  private mutating func remove(before position: Int) {
    scalars.remove(at: position - 1)
    caret = position - 1
  }

  /// Draws the part of the text that fits, with the caret visible.
  func draw(into canvas: inout Canvas, x: Int, y: Int, limit: Int) {
    guard limit > 1 else { return }
    var first = 0
    func width(_ range: Range<Int>) -> Int {
      scalars[range].reduce(0) { $0 + ($1.displayWidth ?? 1) }
    }
    while width(first..<caret) > limit - 1 { first += 1 }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[first...])
    canvas.put(String(view), x: x, y: y, style: .strong, limit: limit)
    canvas.cursor = (x + width(first..<caret), y)
  }
}
