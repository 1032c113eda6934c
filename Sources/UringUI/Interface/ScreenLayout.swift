/// The areas of the screen for a given size.
struct ScreenLayout: Hashable, Sendable {
  /// A pane and its area, whose first row is the title.
  struct Place: Hashable, Sendable {
    var pane: PaneSlot
    var rect: Rect
    /// True if the title row contains the tabs.
    var hasTabs = false
  }

  static let minimumWidth = 40
  static let minimumHeight = 10

  var header: Rect
  var timeline: Rect?
  var places: [Place] = []
  var functionBar: Rect

  /// Arranges the panes: the rings at the top, and the current pane below. Large screens show
  /// further panes beside and below the current one. Small screens show only the focused pane.
  ///
  /// - Parameter companions: the panes that large screens add, most wanted first.
  init(
    width: Int, height: Int, hasTimeline: Bool, ringCount: Int, current: Int, focus: PaneSlot,
    isDetail: Bool, companions: [Int]
  ) {
    var body = Rect(width: width, height: height)
    header = body.takeTop(height >= 16 ? 2 : 1)
    timeline = hasTimeline ? body.takeTop(1) : nil
    functionBar = body.takeBottom(1)

    if isDetail {
      places = [Place(pane: .detail, rect: body)]
    } else if body.height < 11 {
      places = [Place(pane: focus, rect: body, hasTabs: true)]
    } else {
      // Rows of the rings pane: title, column titles, each ring, and the total.
      let wanted = ringCount + 3
      let most = body.height >= 40 ? body.height / 4 : body.height * 2 / 5
      places = [Place(pane: .rings, rect: body.takeTop(max(5, min(wanted, most))))]
      addPanes(in: body, current: current, companions.filter { $0 != current })
    }
  }

  private mutating func addPanes(in rect: Rect, current: Int, _ companions: [Int]) {
    var body = rect
    if body.height < 30 {
      if body.width >= 200, let companion = companions.first {
        places.append(
          Place(pane: .lower(current), rect: split(&body, body.width * 5 / 8), hasTabs: true))
        places.append(Place(pane: .lower(companion), rect: body))
      } else {
        places.append(Place(pane: .lower(current), rect: body, hasTabs: true))
      }
      return
    }
    var bottom = body.takeBottom(max(14, body.height * 2 / 5))
    places.append(Place(pane: .lower(current), rect: body, hasTabs: true))
    if bottom.width >= 150, companions.count > 1 {
      places.append(Place(pane: .lower(companions[0]), rect: split(&bottom, bottom.width / 2)))
      places.append(Place(pane: .lower(companions[1]), rect: bottom))
    } else if let companion = companions.first {
      places.append(Place(pane: .lower(companion), rect: bottom))
    }
  }

  /// Cuts off the left part and leaves a free column next to it.
  private func split(_ rect: inout Rect, _ width: Int) -> Rect {
    var left = rect.takeLeft(width)
    left.width -= 1
    return left
  }
}

/// A pane's slot: the rings, a pane of ``PaneCatalogue``, or the detail pane opened last.
enum PaneSlot: Hashable, Sendable {
  case rings
  case lower(Int)
  case detail
}
