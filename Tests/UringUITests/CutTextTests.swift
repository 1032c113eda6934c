import Testing

@testable import UringUI

/// Tests that a text that is cut off does not read as another text.
@Suite struct CutTextTests {
  @Test(
    arguments: [
      ("2,989 of 4,000, op=READ", 15, "2,989 of 4,000…"),
      ("2,989 of 4,000, op=READ", 16, "2,989 of 4,000 …"),
      ("12 of 4,000", 9, "12 of…"), ("0; a sample", 6, "0; a…"), ("whole", 5, "whole"),
    ])
  func aNumberIsWholeOrLeftOut(text: String, width: Int, expected: String) {
    #expect(text.cut(to: width) == expected)
  }
}
