import Testing

@testable import UringTrace
@testable import UringUI

@Suite struct NamesTests {
  /// MSG_RING can post a CQE with any result to another ring.
  @Test func theLeastResultIsANumber() throws {
    let opcode = try #require(Opcode(name: "NOP"))
    #expect(Names.result(.min, of: opcode).text == "-2147483648")
    #expect(Names.result(-5, of: opcode).text == "-EIO")
  }
}
