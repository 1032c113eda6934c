import Testing

@testable import UringUI

struct WrappingTests {
  private static let path = "/srv/" + String(repeating: "directory/", count: 12) + "file"

  @Test(arguments: [14, 20, 33, 60, 100, 200]) func aWordWiderThanThePaneIsBroken(width: Int) {
    let lines = Piece.fact("File", [Piece("fd 4  "), Piece(Self.path, .strong), Piece(" end")])
      .wrapped(to: width, indent: Piece.factIndent)
    let texts = lines.map { $0.map(\.text).joined() }
    for text in texts { #expect(text.displayWidth <= width, "\(texts)") }
    let whole = texts.enumerated().map { index, text in
      index == 0 ? text : String(text.dropFirst(Piece.factIndent))
    }
    #expect(whole.joined().contains(Self.path), "\(texts)")
    #expect(whole.joined().hasSuffix("end"))
  }

  @Test(arguments: [1, 2, 10, 40]) func aWideWordOfATextIsBroken(width: Int) {
    let lines = "a \(Self.path) b".wrapped(to: width)
    for line in lines { #expect(line.displayWidth <= width, "\(lines)") }
    #expect(lines.joined().replacing(" ", with: "") == "a\(Self.path)b")
  }

  @Test func wideCharactersAreNotBroken() {
    let lines = String(repeating: "日本", count: 9).wrapped(to: 7)
    for line in lines { #expect(line.displayWidth <= 7) }
    #expect(lines.joined() == String(repeating: "日本", count: 9))
  }

  @Test func nothingIsDrawnIntoTheColumnOfTheScrollArrows() {
    for width in 14...60 {
      var page = DetailLines(width: width)
      page.add([Piece.fact("File", [Piece("fd 4  pipe:[5122409] which process 30088 writes to")])])
      for line in page.lines {
        #expect(line.reduce(0) { $0 + $1.text.displayWidth } < width, "\(line.map(\.text))")
      }
    }
  }
}
