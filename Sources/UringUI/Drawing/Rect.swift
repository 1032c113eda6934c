/// A rectangle of cells.
struct Rect: Hashable, Sendable {
  var x: Int
  var y: Int
  var width: Int
  var height: Int

  init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  var right: Int { x + width }
  var bottom: Int { y + height }
  var isEmpty: Bool { width == 0 || height == 0 }

  func contains(x: Int, y: Int) -> Bool {
    x >= self.x && x < right && y >= self.y && y < bottom
  }

  /// Cuts `count` rows off the top and returns them.
  mutating func takeTop(_ count: Int) -> Rect {
    let count = min(max(0, count), height)
    defer {
      y += count
      height -= count
    }
    return Rect(x: x, y: y, width: width, height: count)
  }

  /// Cuts `count` rows off the bottom and returns them.
  mutating func takeBottom(_ count: Int) -> Rect {
    let count = min(max(0, count), height)
    height -= count
    return Rect(x: x, y: bottom, width: width, height: count)
  }

  /// Cuts `count` columns off the left and returns them.
  mutating func takeLeft(_ count: Int) -> Rect {
    let count = min(max(0, count), width)
    defer {
      x += count
      width -= count
    }
    return Rect(x: x, y: y, width: count, height: height)
  }
}
