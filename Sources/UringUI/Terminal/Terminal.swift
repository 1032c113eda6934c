import CCurses
import UringBase
import UringConfiguration

/// The terminal while the UI uses it. There is only one instance.
///
/// The C code in CCurses restores the terminal at ``close()``, at exit, and when the program
/// crashes.
@MainActor
final class Terminal {
  /// True if characters outside ASCII can be shown.
  let isUTF8: Bool
  private let theme: Theme
  private let hasPairs: Bool
  private var shown = Canvas(width: 0, height: 0)
  private var isOpen = true

  /// - Parameters:
  ///   - isMonochrome: true for no colours, as with `NO_COLOR`, with any theme.
  ///   - theme: nil for the theme that suits the terminal's background.
  init(isMonochrome: Bool, theme: ThemeName? = nil) throws(TerminalError) {
    switch cc_open() {
    case CC_OK: break
    case CC_NO_TERMINAL: throw .notATerminal
    case CC_POOR_TERMINAL: throw .poor(name: environment("TERM") ?? "")
    default: throw .unknown(name: environment("TERM") ?? "")
    }
    isUTF8 = cc_is_utf8()
    let noColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    let colours = isMonochrome || noColor || theme == .monochrome ? 0 : cc_colors()
    self.theme = Theme(
      theme, colours: Int(colours), background: .init(colorFGBG: environment("COLORFGBG")))
    hasPairs = colours >= 8
    if hasPairs {
      for style in Style.allCases {
        let look = self.theme[style]
        cc_define_pair(Int32(style.rawValue) + 1, look.foreground, look.background)
      }
    }
  }

  /// Restores the terminal.
  func close() {
    guard isOpen else { return }
    isOpen = false
    cc_close()
  }

  var size: (width: Int, height: Int) {
    var rows: Int32 = 0
    var columns: Int32 = 0
    cc_size(&rows, &columns)
    return (Int(columns), Int(rows))
  }

  /// Ends the wait in ``read(until:)``. Can be called on any thread.
  nonisolated static func wake() { cc_wake() }

  /// Makes the next ``show(_:)`` redraw everything.
  func forget() {
    shown = Canvas(width: 0, height: 0)
    cc_forget()
  }

  /// Shows the canvas; only changed rows are passed to curses.
  func show(_ canvas: Canvas) {
    let isSameSize = shown.width == canvas.width && shown.height == canvas.height
    for row in 0..<canvas.height {
      let range = row * canvas.width..<(row + 1) * canvas.width
      if isSameSize, shown.cells[range] == canvas.cells[range] { continue }
      show(canvas.cells[range], row: row)
    }
    shown = canvas
    if let cursor = canvas.cursor {
      cc_flush(Int32(cursor.y), Int32(cursor.x))
    } else {
      cc_flush(-1, -1)
    }
  }

  /// Passes a row to curses in runs of one style. A character whose width may differ between
  /// terminals gets a run of its own, so that it cannot shift the characters after it.
  private func show(_ cells: ArraySlice<Canvas.Cell>, row: Int) {
    var run = String.UnicodeScalarView()
    var start = cells.startIndex
    func flush(to index: Int) {
      if !run.isEmpty {
        put(String(run), row: row, column: start - cells.startIndex, cells[start].style)
      }
      run.removeAll(keepingCapacity: true)
      start = index
    }
    for index in cells.indices {
      let cell = cells[index]
      if cell.base == 0 { continue }
      let isPlain = cell.base < 0x7F || (0x2500...0x259F).contains(cell.base)
      if cell.style != cells[start].style || !isPlain || run.isEmpty { flush(to: index) }
      cell.append(to: &run)
      if !isPlain { flush(to: index + 1) }
    }
    flush(to: cells.endIndex)
  }

  private func put(_ text: String, row: Int, column: Int, _ style: Style) {
    var text = text
    let pair = hasPairs ? Int32(style.rawValue) + 1 : 0
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        cc_put(
          Int32(row), Int32(column), $0.baseAddress, Int32($0.count), theme[style].attributes, pair)
      }
    }
  }

  /// Waits for the next input. Returns `.none` at the deadline and after ``wake()``.
  ///
  /// - Parameter deadline: nanoseconds, CLOCK_MONOTONIC; nil waits without a limit.
  func read(until deadline: UInt64?) -> Input {
    var milliseconds: Int32 = -1
    if let deadline, deadline != .max {
      let rest = deadline.since(MonotonicClock.now())
      milliseconds = Int32(clamping: (rest + 999_999) / 1_000_000)
    }
    let input = cc_read(milliseconds)
    let (x, y) = (Int(input.column), Int(input.row))
    switch input.event {
    case CC_CHARACTER: return Unicode.Scalar(input.code).map { .key(.character($0)) } ?? .none
    case CC_KEY: return Self.keys[input.code].map { .key($0) } ?? .none
    case CC_FUNCTION: return .key(.function(Int(input.code)))
    case CC_CLICK: return .click(x: x, y: y)
    case CC_WHEEL_UP: return .wheel(x: x, y: y, rows: -3)
    case CC_WHEEL_DOWN: return .wheel(x: x, y: y, rows: 3)
    case CC_RESIZE: return .redraw
    case CC_CONTINUED:
      forget()
      return .redraw
    case CC_SIGNAL: return .signal(Int32(input.code))
    case CC_HANG_UP: return .hangUp
    default: return .none
    }
  }

  private static let keys: [UInt32: Key] = Dictionary(
    uniqueKeysWithValues: [
      (CC_UP, Key.up), (CC_DOWN, .down), (CC_LEFT, .left), (CC_RIGHT, .right),
      (CC_PAGE_UP, .pageUp), (CC_PAGE_DOWN, .pageDown), (CC_HOME, .home), (CC_END, .end),
      (CC_ENTER, .enter), (CC_TAB, .tab), (CC_BACK_TAB, .backTab), (CC_BACKSPACE, .backspace),
      (CC_DELETE, .delete), (CC_ESCAPE, .escape),
    ].map { (UInt32($0.0.rawValue), $0.1) })
}
