import Testing

@testable import UblkTarget

@Suite struct BlockPatternTests {
  @Test(arguments: [512, 4096])
  func whatIsWrittenIsRight(size: Int) throws {
    let buffer = try MappedBuffer(count: 8192)
    BlockPattern.fill(buffer, at: 4096, size: size, block: 7, generation: 3)
    #expect(
      BlockPattern.fault(in: buffer, at: 4096, size: size, block: 7, generation: 3) == nil)
  }

  @Test func everyChangeIsFound() throws {
    let buffer = try MappedBuffer(count: 4096)
    let check = { BlockPattern.fault(in: buffer, at: 0, size: 4096, block: 7, generation: 3) }
    #expect(check() != nil)
    BlockPattern.fill(buffer, at: 0, size: 4096, block: 8, generation: 3)
    #expect(check()?.contains("no data of its own") == true)
    BlockPattern.fill(buffer, at: 0, size: 4096, block: 7, generation: 2)
    #expect(check() == "block 7 holds version 2 instead of 3")
    BlockPattern.fill(buffer, at: 0, size: 4096, block: 7, generation: 3)
    buffer.store(UInt8(1), at: 4095)
    #expect(check() == "block 7, version 3, is wrong from byte 4088")
  }
}
