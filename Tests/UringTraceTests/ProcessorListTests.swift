import Testing
import UringBase

@Suite struct ProcessorListTests {
  @Test(arguments: [("0", "0"), ("0-3,5", "0-3,5"), ("2,0,1", "0-2"), ("4-7,0-4", "0-7")])
  func listsAreMerged(text: String, merged: String) {
    #expect(ProcessorList(text)?.text == merged)
  }

  @Test func theLargestNumberIsOneOfThem() {
    #expect(ProcessorList("9223372036854775807,0")?.text == "0,9223372036854775807")
    #expect(ProcessorList("0-9223372036854775807,1")?.text == "0-9223372036854775807")
  }

  @Test(arguments: ["", "x", "3-1", "1-2-3", "-"])
  func whatIsNoListIsNone(text: String) {
    #expect(ProcessorList(text) == nil)
  }

  @Test func overlapsAndUnions() throws {
    var one = try #require(ProcessorList("0-3,8"))
    let other = try #require(ProcessorList("4-7"))
    #expect(!one.overlaps(other))
    one.formUnion(other)
    #expect(one.text == "0-8" && one.overlaps(other))
  }
}
