import Testing

@testable import UringFindings
@testable import UringTrace
@testable import UringUI

/// Tests of every screen at many sizes, for properties that must hold at any size.
@Suite struct ScreenSizeTests: InterfaceSuite {
  private static let widths = [40, 41, 60, 79, 80, 120, 149, 150, 199, 200, 300]
  private static let heights = [10, 11, 15, 16, 24, 40, 60]

  /// A snapshot with groups, buffers, findings, and names that contain wide characters and control
  /// characters.
  private static let crowded: Snapshot = {
    var snapshot = Make.lending
    for index in snapshot.rings.indices { snapshot.rings[index].comm = "日本語\u{1B}[2Jサーバ" }
    for request in snapshot.requests + snapshot.recent {
      let key = FileNames.DescriptorKey(tgid: request.submitterTgid, fd: request.sqe.fd)
      snapshot.fileNames.descriptors[key] = "/データ/長い名前/" + String(repeating: "ファイル", count: 40)
    }
    snapshot.latency = [Make.latency(opcode: 22, [(1_000, 10), (2_000, 80), (50_000, 10)])]
    snapshot.events = [
      Make.event(.submit, at: 1, request: 11), Make.event(.complete, at: 2, value: -5),
    ]
    return snapshot
  }()

  /// For each screen, the keys that open it and a text that it must contain.
  private static let screens: [(keys: [Key], text: String)] =
    [
      (["1"], "Requests"), (["2"], "Recent"), (["3"], "Latency"), (["4"], "Events"),
      (["5"], "Groups"),
      (["6"], "Buffers"), (["7"], "Findings"), (["8"], "Calls"), (["1", .enter], "Request 501"),
      (["2", .enter], "Request "), (["5", .enter], "Group "), (["6", .enter], "Buffer "),
      (["7", .enter], "Finding"), (["1", "?"], "this help"), (["1", .function(6)], "Sort by"),
    ]

  @Test(arguments: widths, heights)
  func nothingIsOutsideOrBroken(width: Int, height: Int) {
    for timeline in [nil, Self.timeline] {
      for screen in Self.screens {
        var interface = interface(Self.crowded, timeline: timeline)
        for key in screen.keys { press(&interface, key) }
        var canvas = Canvas(width: width, height: height)
        interface.draw(into: &canvas)
        let comment = Comment(rawValue: "\(width)x\(height) \(screen.text)\n\(canvas.text)")
        #expect(canvas.text.contains(screen.text), comment)
        // The header of a small screen has only the line of figures.
        #expect(canvas.text(row: 0).contains(height >= 16 ? " uringtop" : " req/s"), comment)
        // The last label of the key bar is visible at any width.
        let last = ["Sort by": "Cancel", "this help": "Close"][screen.text] ?? "Quit"
        #expect(canvas.text(row: height - 1).contains(last), comment)
        for row in 0..<height { expectWholeLine(row, of: canvas, comment) }
        expectLayout(of: interface, on: canvas, comment)
      }
    }
  }

  /// Expects that each wide character in the row occupies two columns, and that no character can
  /// move the cursor.
  private func expectWholeLine(_ row: Int, of canvas: Canvas, _ comment: Comment) {
    let cells = canvas.cells[row * canvas.width..<(row + 1) * canvas.width]
    var width = 0
    for cell in cells where cell.base != 0 {
      let columns = Unicode.Scalar(cell.base)?.displayWidth
      #expect(columns == 1 || columns == 2, comment)
      width += columns ?? 0
    }
    #expect(width == canvas.width, comment)
  }

  /// Expects that panes fill the screen between header and key bar without overlap, and that no
  /// area outside the screen takes clicks.
  private func expectLayout(of interface: Interface, on canvas: Canvas, _ comment: Comment) {
    var owners = Array(repeating: 0, count: canvas.width * canvas.height)
    for place in interface.places {
      #expect(place.rect.isInside(canvas.bounds), comment)
      for y in place.rect.y..<place.rect.bottom {
        for x in place.rect.x..<place.rect.right { owners[y * canvas.width + x] += 1 }
      }
    }
    let top = interface.places.map(\.rect.y).min() ?? 0
    let area = owners[(top * canvas.width)..<((canvas.height - 1) * canvas.width)]
    #expect(area.allSatisfy { $0 <= 1 }, comment)
    // One column is free between adjacent panes.
    let free = area.indices.filter { area[$0] == 0 }
    #expect(
      free.allSatisfy { area[$0 - 1] == 1 && area[$0 + 1] == 1 && $0 % canvas.width > 0 }, comment)
    for target in interface.targets { #expect(target.rect.isInside(canvas.bounds), comment) }
  }

  @Test(arguments: [(39, 9), (39, 60), (300, 9), (20, 5), (1, 1), (0, 0), (1, 0), (0, 1)])
  func whatIsTooSmallSaysSo(width: Int, height: Int) {
    var interface = interface(Self.crowded)
    var canvas = Canvas(width: width, height: height)
    interface.draw(into: &canvas)
    #expect(canvas.text.contains("more room") == (width >= 25 && height >= 2 || width == 39))
    for row in 0..<height { expectWholeLine(row, of: canvas, "\(width)x\(height)") }
  }
}

extension Rect {
  fileprivate func isInside(_ other: Rect) -> Bool {
    x >= other.x && y >= other.y && right <= other.right && bottom <= other.bottom
  }
}
