import Synchronization
import Testing

@testable import UringTrace
@testable import UringUI

/// The number of cells in the column ID that were formatted.
private let formatted = Mutex(0)

private struct Item: Sendable {
  var id: UInt64
  var name: String
  var number: UInt64
}

@Suite(.serialized) struct TableTests {
  private let scene = Scene(Make.snapshot())

  private func table() -> Table<Item> {
    Table(
      columns: [
        Column("ID", width: 6, .right, priority: 0, order: .number { item, _ in item.id }) {
          item, _ in
          formatted.withLock { $0 += 1 }
          return Piece("\(item.id)")
        },
        Column(
          "NAME", width: 12, minimum: 6, priority: 1, growth: .toContent,
          order: .text { item, _ in item.name }
        ) { item, _ in Piece(item.name) },
        Column("NUMBER", width: 8, .right, priority: 2, order: .number { item, _ in item.number }) {
          item, _ in Piece("\(item.number)")
        },
        Column("EXTRA", width: 8, priority: 3) { _, _ in Piece("extra") },
      ], id: { $0.id })
  }

  private func items(_ count: Int) -> [Item] {
    (0..<count).map { Item(id: UInt64($0), name: "item\($0)", number: UInt64(($0 * 7) % 10)) }
  }

  private func drawn(_ table: inout Table<Item>, width: Int = 40, height: Int = 6) -> Canvas {
    var canvas = Canvas(width: width, height: height)
    table.draw(
      into: &canvas, in: canvas.bounds, scene: scene, isFocused: true, emptyText: "nothing")
    return canvas
  }

  @Test func columnsAreDroppedInTheOrderOfTheirPriority() {
    let columns = table().columns
    func titles(_ width: Int) -> [String] {
      ColumnLayout(columns, width: width).places.map { columns[$0.column].title }
    }
    #expect(titles(40) == ["ID", "NAME", "NUMBER", "EXTRA"])
    #expect(titles(31) == ["ID", "NAME", "NUMBER", "EXTRA"])
    #expect(titles(30) == ["ID", "NAME", "NUMBER"])
    #expect(titles(21) == ["ID", "NAME"])
    #expect(titles(12) == ["ID"])
    #expect(titles(2) == ["ID"])
  }

  @Test func columnsGrowOnlyAsFarAsTheirTextNeeds() {
    let columns = table().columns
    func widths(_ needs: [Int], _ width: Int) -> [Int] {
      ColumnLayout(columns, needs: needs, width: width).places.map(\.width)
    }
    #expect(widths([], 60) == [6, 12, 8, 8])
    #expect(widths([6, 20, 8, 8], 60) == [6, 20, 8, 8])
    #expect(widths([6, 90, 8, 8], 60) == [6, 35, 8, 8])
  }

  @Test func picturesTakeWhatIsLeft() {
    let columns = [
      Column<Item>("A", width: 6, priority: 0) { _, _ in Piece("") },
      Column<Item>("B", width: 9, minimum: 4, priority: 0, growth: .toRest) { _, _ in Piece("") },
    ]
    func widths(_ width: Int) -> [Int] {
      ColumnLayout(columns, width: width).places.map(\.width)
    }
    #expect(widths(30) == [6, 23])
    #expect(widths(9) == [6, 2])
  }

  @Test func columnsDoNotShrinkAgainWhenLongTextsGo() {
    var table = table()
    table.update([Item(id: 1, name: String(repeating: "n", count: 18), number: 5)], scene: scene)
    let before = drawn(&table, width: 60).text(row: 0)
    table.update(items(3), scene: scene)
    #expect(drawn(&table, width: 60).text(row: 0) == before)
  }

  @Test func aFilterLooksAtTextsBeforeTheyAreCutOff() {
    var table = table()
    table.update([Item(id: 1, name: "a name that is much too long", number: 5)], scene: scene)
    _ = drawn(&table, width: 24)
    table.setFilter("too long", scene: scene)
    #expect(table.count == 1)
  }

  @Test func aHundredThousandRowsFormatOnlyWhatIsShown() {
    var table = table()
    table.update(items(100_000), scene: scene)
    formatted.withLock { $0 = 0 }
    _ = drawn(&table, height: 24)
    #expect(formatted.withLock { $0 } == 23)
    table.navigate(.last)
    table.sort(by: 2, scene: scene)
    _ = drawn(&table, height: 24)
    #expect(formatted.withLock { $0 } == 46)
  }

  @Test func theSelectionFollowsItsRow() {
    var table = table()
    table.update(items(20), scene: scene)
    table.navigate(.rows(5))
    #expect(table.selectedRow?.id == 5)
    table.update(Array(items(20).dropFirst(3)), scene: scene)
    #expect(table.selectedRow?.id == 5)
    #expect(table.selection == 2)
    // The selected row was removed: the row in its place is selected.
    table.update(Array(items(20).dropFirst(6)), scene: scene)
    #expect(table.selectedRow?.id == 8)
    table.update([], scene: scene)
    #expect(table.selectedRow == nil)
    table.update(items(3), scene: scene)
    #expect(table.selectedRow != nil)
  }

  @Test func withoutASelectionTheFirstRowStaysFirst() {
    var table = table()
    table.update(items(20), scene: scene)
    table.update(Array(items(20).dropFirst(7)), scene: scene)
    #expect(table.selectedRow?.id == 7)
  }

  @Test func theTailIsFollowedUntilTheUserLeavesIt() {
    var table = Table<Item>(columns: table().columns, followsTail: true, id: { $0.id })
    table.update(items(10), scene: scene)
    #expect(table.selectedRow?.id == 9)
    table.update(items(12), scene: scene)
    #expect(table.selectedRow?.id == 11)
    table.navigate(.rows(-1))
    table.update(items(30), scene: scene)
    #expect(table.selectedRow?.id == 10)
    table.navigate(.last)
    table.update(items(40), scene: scene)
    #expect(table.selectedRow?.id == 39)
  }

  @Test func rowsSortByNumberLargestFirstAndInvert() {
    var table = table()
    table.update(items(10), scene: scene)
    table.sort(by: 2, scene: scene)
    #expect(table.selectedRow?.number == 9)
    let titles = drawn(&table).text(row: 0)
    #expect(titles.contains("NUMBER▼"))
    table.invert(scene: scene)
    table.navigate(.first)
    #expect(table.selectedRow?.number == 0)
    // Rows with equal keys keep their order in both sort directions.
    table.update(
      [Item(id: 2, name: "b", number: 1), Item(id: 1, name: "a", number: 1)], scene: scene)
    let canvas1 = drawn(&table)
    #expect(canvas1.text(row: 1).hasPrefix("     2"))
    table.invert(scene: scene)
    let canvas2 = drawn(&table)
    #expect(canvas2.text(row: 1).hasPrefix("     2"))
  }

  @Test func textSortsFromA() {
    var table = table()
    table.update(
      [Item(id: 1, name: "b", number: 0), Item(id: 2, name: "a", number: 0)], scene: scene)
    table.sort(by: 1, scene: scene)
    let canvas3 = drawn(&table)
    #expect(canvas3.text(row: 1).hasPrefix("     2 a"))
  }

  @Test func aFilterShowsRowsWithTheTextInAnyColumn() {
    var table = table()
    table.update(items(100), scene: scene)
    table.setFilter("ITEM42|item7", scene: scene)
    #expect(table.count == 12)
    #expect(table.unfilteredCount == 100)
    table.update(items(43), scene: scene)
    #expect(table.count == 2)
    table.setFilter("", scene: scene)
    #expect(table.count == 43)
  }

  @Test func aSearchGoesRoundAndBack() {
    var table = table()
    table.update(items(100), scene: scene)
    let found1 = table.search("item9", forward: true, skipsSelection: false, scene: scene)
    #expect(found1)
    #expect(table.selectedRow?.id == 9)
    let found2 = table.search("item9", forward: true, skipsSelection: true, scene: scene)
    #expect(found2)
    #expect(table.selectedRow?.id == 90)
    let found3 = table.search("item9", forward: false, skipsSelection: true, scene: scene)
    #expect(found3)
    #expect(table.selectedRow?.id == 9)
    let found4 = table.search("item9", forward: false, skipsSelection: true, scene: scene)
    #expect(found4)
    #expect(table.selectedRow?.id == 99)
    let found5 = table.search("nowhere", forward: true, skipsSelection: true, scene: scene)
    #expect(!found5)
    #expect(table.selectedRow?.id == 99)
  }

  @Test func pagesAndEndsStayInTheList() {
    var table = table()
    table.update(items(50), scene: scene)
    _ = drawn(&table, height: 11)
    table.navigate(.pages(1))
    #expect(table.selection == 9)
    table.navigate(.pages(99))
    #expect(table.selection == 49)
    table.navigate(.rows(1))
    #expect(table.selection == 49)
    table.navigate(.scroll(-3))
    #expect(table.selection == 46)
    table.navigate(.first)
    table.navigate(.rows(-1))
    #expect(table.selection == 0)
  }

  @Test func wideNamesKeepTheColumnsAligned() {
    var table = table()
    table.update(
      [Item(id: 1, name: "日本語のとても長い名前", number: 5), Item(id: 2, name: "x", number: 6)], scene: scene
    )
    let canvas = drawn(&table, width: 38)
    let column = ColumnLayout(table.columns, width: 37).places[2]
    #expect(canvas.cells[38 + column.x + column.width - 1].base == 0x35)
    #expect(canvas.cells[76 + column.x + column.width - 1].base == 0x36)
  }

  @Test func anEmptyListSaysSo() {
    var table = table()
    table.update([], scene: scene)
    let canvas4 = drawn(&table)
    #expect(canvas4.text.contains("nothing"))
    table.navigate(.last)
    table.navigate(.pages(-1))
    #expect(table.selection == 0)
  }
}
