import UringTrace

/// One request's whole life: its steps on a time line, its chain, and what its SQE says.
struct DetailPane: Pane {
  private(set) var id: Request.ID
  /// As last seen: kept when the request leaves the history.
  private var request: Request?
  private var chain: Chain?
  private var isForgotten = false
  private var text = ScrollingText()

  init(id: Request.ID) { self.id = id }

  var name: String { "Request \(id)" }

  func summary(_ scene: Scene) -> String { isForgotten ? "no longer in the history" : "" }

  mutating func update(_ scene: Scene) {
    if let found = scene.request(id) {
      request = found
      chain = scene.chain(found.chain) ?? chain
      isForgotten = false
    } else {
      isForgotten = request != nil
    }
  }

  mutating func navigate(_ navigation: Navigation, scene: Scene) { text.navigate(navigation) }

  mutating func draw(into canvas: inout Canvas, in rect: Rect, scene: Scene, isFocused: Bool) {
    guard let request else {
      canvas.put(
        "The request is not in the history any more.", x: rect.x + 1, y: rect.y, style: .faint,
        limit: rect.width - 1)
      return
    }
    var area = rect
    let detail = RequestDetail(request: request, chain: chain, scene: scene)
    if rect.width >= 130 {
      var left = area.takeLeft(rect.width * 3 / 5)
      left.width -= 2
      let lines =
        detail.identity + [[]] + detail.timeline(width: left.width) + detail.kernelStack
        + detail.chainTree
      text.draw(lines, into: &canvas, in: left)
      var beside = ScrollingText()
      beside.draw(detail.fields, into: &canvas, in: area)
    } else {
      let lines =
        detail.identity + [[]] + detail.timeline(width: area.width) + detail.kernelStack
        + detail.chainTree + detail.fields
      text.draw(lines, into: &canvas, in: area)
    }
  }
}
