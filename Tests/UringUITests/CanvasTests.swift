import Testing

@testable import UringUI

@Suite struct CanvasTests {
  @Test func textIsClippedAndMarkedWhereItIsCutOff() {
    var canvas = Canvas(width: 12, height: 2)
    canvas.put("abcdefghij", x: 1, y: 0, limit: 5)
    canvas.put("abcdefghijklmnop", x: 5, y: 1)
    canvas.put("outside", x: 0, y: 2)
    #expect(canvas.text == " abcd…\n     abcdefg")
  }

  @Test func wideCharactersTakeTwoColumns() {
    var canvas = Canvas(width: 10, height: 1)
    let end = canvas.put("日本x", x: 0, y: 0)
    #expect(end == 5)
    canvas.put("|", x: end, y: 0)
    #expect(canvas.text == "日本x|")
    #expect(canvas.cells[1].base == 0)
  }

  @Test func aWideCharacterThatDoesNotFitIsNotCutInHalf() {
    var canvas = Canvas(width: 10, height: 1)
    canvas.put("日本語", x: 0, y: 0, limit: 5)
    #expect(canvas.text == "日本…")
    canvas.reset(width: 3, height: 1)
    canvas.put("日本", x: 0, y: 0)
    #expect(canvas.text == "日")
  }

  @Test func overwritingHalfAWideCharacterLeavesNoOtherHalf() {
    var canvas = Canvas(width: 4, height: 1)
    canvas.put("日本", x: 0, y: 0)
    canvas.put("x", x: 1, y: 0)
    canvas.put("y", x: 2, y: 0)
    #expect(canvas.text == " xy")
    #expect(!canvas.cells.contains { $0.base == 0 })
  }

  @Test func combiningMarksTakeNoColumn() {
    var canvas = Canvas(width: 8, height: 1)
    let end = canvas.put("e\u{301}x", x: 0, y: 0)
    #expect(end == 2)
    // The canvas drops a combining mark that has no letter before it.
    canvas.put("\u{301}a", x: 4, y: 0)
    #expect(canvas.text == "e\u{301}x  a")
  }

  @Test func controlCharactersNeverReachTheTerminal() {
    var canvas = Canvas(width: 40, height: 1)
    canvas.put("a\u{1B}[31m\u{7}\n\r\t\u{9B}2J\u{202E}\u{2028}\u{FEFF}b\u{7F}", x: 0, y: 0)
    for cell in canvas.cells {
      for value in [cell.base, cell.marks.0, cell.marks.1] {
        #expect(value == 0 || (value >= 0x20 && value < 0x7F))
      }
    }
    #expect(canvas.text == "a?[31m?????2J???b?")
  }

  @Test func asciiModeDrawsASCIIAloneInTheSameColumns() {
    var canvas = Canvas(width: 20, height: 2, isASCII: true)
    canvas.put("12µs ▁▄█ │ 日x", x: 0, y: 0)
    canvas.put("abcdefgh", x: 0, y: 1, limit: 4)
    canvas.fill(Rect(x: 5, y: 1, width: 3, height: 1), with: "─")
    #expect(canvas.text == "12us .=# | ??x\nabc~ ---")
  }

  @Test func nothingIsDrawnOutsideTheClip() {
    var canvas = Canvas(width: 6, height: 3)
    canvas.clip = Rect(x: 1, y: 1, width: 3, height: 1)
    canvas.put("abcdef", x: 0, y: 0)
    canvas.put("abcdef", x: 0, y: 1)
    canvas.fill(Rect(x: 0, y: 2, width: 6, height: 1), with: "#")
    #expect(canvas.text == "\n bcd\n")
  }
}
