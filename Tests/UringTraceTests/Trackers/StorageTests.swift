import Testing

@testable import UringTrace

/// Tests of the pools, lists, tables and caches of which the trackers consist.
@Suite struct StorageTests {
  private struct Item: Listed {
    var value = 0
    var link = ListLink<Item>()
  }

  @Test func handleIsAFourByteIndexInReleaseBuilds() {
    #if DEBUG
      #expect(MemoryLayout<Handle<Int>>.size == 8)
    #else
      #expect(MemoryLayout<Handle<Int>>.size == 4)
    #endif
  }

  @Test func slotIsReusedByAnotherHandle() {
    var pool = Pool<Int>()
    let first = pool.take(1)
    pool[first] = 1
    pool.give(back: first)
    let second = pool.take(2)
    #expect(second.index == first.index)
    #expect(pool.count == 1)
    #expect(pool[unproven: first] == 1)
    #if DEBUG
      #expect(first != second)
      #expect(pool.isLive(first) == false)
      #expect(pool.isLive(second) == true)
    #endif
  }

  #if DEBUG
    @Test func useOfAHandleThatWasGivenBackTraps() async {
      await #expect(processExitsWith: .failure) {
        var pool = Pool<Int>()
        let handle = pool.take(1)
        pool.give(back: handle)
        _ = pool.take(2)
        print(pool[handle])
      }
    }

    @Test func handleOfNothingTraps() async {
      await #expect(processExitsWith: .failure) {
        let pool = Pool<Int>()
        print(pool[.none])
      }
    }
  #endif

  @Test func aTableThatIsAPropertyFreesItsValues() {
    final class Value {}
    struct Owner: ~Copyable {
      var pool = Pool<Int>()
      var table: SideTable<Int, Value?> = SideTable(nil)
    }
    weak var value: Value?
    do {
      var owner = Owner()
      let handle = owner.pool.take(1)
      owner.table.reset(handle)
      let new = Value()
      owner.table[handle] = new
      value = new
      #expect(value != nil)
    }
    #expect(value == nil)
  }

  @Test func sharedElementsStayAsTheyWere() {
    var pool = Pool<Int>()
    let handles = (0..<100).map { pool.take($0) }
    let first = pool.share()
    pool[handles[40]] = -1
    pool.give(back: handles[41])
    _ = pool.take(0)
    pool[handles[99]] = -2
    let second = pool.share()
    pool[handles[40]] = -3
    #expect(handles.map { first[$0] } == Array(0..<100))
    #expect(second[handles[40]] == -1 && second[handles[99]] == -2 && second[handles[0]] == 0)
    #expect(pool[handles[40]] == -3 && pool[handles[99]] == -2 && pool[handles[0]] == 0)
  }

  @Test func aHandleBeyondTheSharedElementsTraps() async {
    await #expect(processExitsWith: .failure) {
      var pool = Pool<Int>()
      _ = pool.take(1)
      let shared = pool.share()
      let later = pool.take(2)
      print(shared[later])
    }
  }

  @Test func poolKeepsItsElementsWhenItGrows() {
    var pool = Pool<Int>()
    let handles = (0..<1_000).map { value in
      let handle = pool.take(0)
      pool[handle] = value
      return handle
    }
    #expect(handles.map { pool[$0] } == Array(0..<1_000))
  }

  @Test func listKeepsItsOrder() {
    var pool = Pool<Item>()
    var list = PoolList<Item>()
    let handles = (0..<4).map { value in
      let handle = pool.take(Item())
      pool[handle] = Item(value: value)
      return handle
    }
    list.append(handles[0], in: &pool)
    list.append(handles[2], in: &pool)
    list.insert(handles[1], after: handles[0], in: &pool)
    list.insert(handles[3], after: .none, in: &pool)
    list.remove(handles[0], in: &pool)
    var values: [Int] = []
    var item = list.first
    while item != .none {
      values.append(pool[item].value)
      item = pool[item].link.next
    }
    #expect(values == [3, 1, 2])
    #expect(list.count == 3)
    #expect(list.last == handles[2])
  }

  @Test func numberIsNeverIssuedTwice() {
    var numbering = Numbering<String>(limit: 2)
    let first = numbering.number(of: "a")!
    #expect(numbering.number(of: "a") == first)
    let second = numbering.number(of: "b")!
    // The table is full, so it forgets all keys before it adds this key.
    let third = numbering.number(of: "c")!
    let again = numbering.number(of: "a")!
    #expect(Set([first, second, third, again]).count == 4)
    #expect(numbering.key(of: first) == nil)
    #expect(numbering.key(of: third) == "c")
    #expect(numbering.key(of: again) == "a")
  }

  @Test func cacheForgetsItsOldestQuarterWhenANewKeyFindsItFull() {
    var cache = BoundedCache<Int, Int>(limit: 8)
    for key in 1...8 { cache[key] = key }
    cache[2] = 20
    #expect(cache.entries.count == 8)
    cache[9] = 9
    #expect(cache.entries == [3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9])
    cache[10] = 10
    cache[1] = 1
    #expect(cache.entries.keys.sorted() == [1, 5, 6, 7, 8, 9, 10])
  }

  @Test func cacheDoesNotGrowByKeysThatComeAndGo() {
    var cache = BoundedCache<Int, Int>(limit: 8)
    for key in 1...1_000 {
      cache[key % 5] = key
      _ = cache.removeValue(forKey: key % 5)
      cache[key % 3 + 10] = key
    }
    #expect(cache.entries.count == 3)
    #expect(cache.order.count <= 16)
    for key in 1...1_000 { cache[key] = key }
    #expect(cache.entries.keys.contains(1_000) && cache.entries.count <= 8)
  }

  @Test func addressZeroIsNeverFound() {
    var table = AddressTable<Int>()
    _ = table.insert(4096)
    let (zero, known) = (table.find(0) != nil, table.find(4096) != nil)
    #expect(!zero)
    #expect(known)
  }
}
