import Testing

@testable import UringUI

struct DetailLinesTests {
  // From the width at which the longest word fits beside the fact's name.
  @Test(arguments: 30...60) func factsLeaveTheColumnOfTheScrollArrowsEmpty(width: Int) {
    var page = DetailLines(width: width)
    page.add([Piece.fact("File", [Piece("fd 4  pipe:[5122409] which process 30088 writes to")])])
    for line in page.lines {
      #expect(line.reduce(0) { $0 + $1.text.count } < width, "\(line.map(\.text))")
    }
  }
}
