/// A value for each slot of a ``Pool``. The values are in pages, which copies of the table share
/// until one of the copies changes them. A page without values needs no memory.
struct PagedTable<Value: BitwiseCopyable & Sendable>: Sendable {
  private var pages: [PoolPage<Value>?] = []
  private let empty: Value
  #if DEBUG
    /// Pages copied so far because another table shared them.
    private(set) var copiedPages = 0
  #endif

  init(empty: Value) { self.empty = empty }

  subscript(_ index: UInt32) -> Value {
    get {
      let page = Int(index >> PoolPage<Value>.bits)
      guard page < pages.count, let page = pages[page] else { return empty }
      return page.base[Int(index & PoolPage<Value>.mask)]
    }
    set { pointer(to: index).pointee = newValue }
  }

  private mutating func pointer(to index: UInt32) -> UnsafeMutablePointer<Value> {
    let number = Int(index >> PoolPage<Value>.bits)
    if number >= pages.count {
      pages.append(
        contentsOf: repeatElement(nil, count: max(number + 1, pages.count * 2) - pages.count))
    }
    // This code must not hold another reference to the page, which would make the page look shared.
    if pages[number] == nil {
      let page = PoolPage<Value>()
      page.base.initialize(repeating: empty, count: PoolPage<Value>.capacity)
      pages[number] = page
    } else if !isKnownUniquelyReferenced(&pages[number]) {
      pages[number] = pages[number].map { PoolPage(copyOf: $0) }
      #if DEBUG
        copiedPages += 1
      #endif
    }
    guard let page = pages[number] else { fatalError("a page that was just made is missing") }
    return page.base + Int(index & PoolPage<Value>.mask)
  }
}
