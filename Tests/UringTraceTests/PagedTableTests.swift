import Testing

@testable import UringTrace

/// Tests of `PagedTable`, which has a value for each slot of a pool and shares its pages with its
/// copies.
@Suite struct PagedTableTests {
  @Test func whatWasNotWrittenIsEmpty() {
    var table = PagedTable(empty: 7)
    #expect(table[0] == 7 && table[1_000_000] == 7)
    table[100] = 1
    #expect(table[99] == 7 && table[100] == 1 && table[101] == 7 && table[64_000] == 7)
  }

  @Test func aCopyKeepsItsValues() {
    var table = PagedTable(empty: 0)
    for index in 0..<200 as Range<UInt32> { table[index] = Int(index) }
    let copy = table
    table[150] = -1
    #expect(copy[150] == 150 && copy[151] == 151)
    #expect(table[150] == -1 && table[151] == 151)
  }

  #if DEBUG
    @Test func aPageIsCopiedOnceForEachCopyOfTheTable() {
      var table = PagedTable(empty: 0)
      for index in 0..<200 as Range<UInt32> { table[index] = 1 }
      #expect(table.copiedPages == 0)
      let copy = table
      for index in 0..<32 as Range<UInt32> { table[index] = 2 }
      #expect(table.copiedPages == 1)
      #expect(copy[0] == 1)
    }
  #endif
}
