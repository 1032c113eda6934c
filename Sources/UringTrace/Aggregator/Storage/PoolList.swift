/// The neighbours of an element in a ``PoolList``.
struct ListLink<Element> {
  fileprivate(set) var previous = Handle<Element>.none
  fileprivate(set) var next = Handle<Element>.none
}

/// An element of a ``Pool`` that can be in one ``PoolList`` at a time.
protocol Listed {
  var link: ListLink<Self> { get set }
}

/// A doubly linked list of elements of one ``Pool``, linked through the elements themselves.
struct PoolList<Element: Listed> {
  private(set) var first = Handle<Element>.none
  private(set) var last = Handle<Element>.none
  private(set) var count: UInt32 = 0

  var isEmpty: Bool { first == .none }

  mutating func append(_ element: Handle<Element>, in pool: inout Pool<Element>) {
    insert(element, after: last, in: &pool)
  }

  /// Inserts an element behind `previous`, or at the front if `previous` is none.
  mutating func insert(
    _ element: Handle<Element>, after previous: Handle<Element>, in pool: inout Pool<Element>
  ) {
    let next = previous == .none ? first : pool[previous].link.next
    pool[element].link.previous = previous
    pool[element].link.next = next
    if previous == .none { first = element } else { pool[previous].link.next = element }
    if next == .none { last = element } else { pool[next].link.previous = element }
    count &+= 1
  }

  mutating func remove(_ element: Handle<Element>, in pool: inout Pool<Element>) {
    let link = pool[element].link
    if link.previous == .none {
      first = link.next
    } else {
      pool[link.previous].link.next = link.next
    }
    if link.next == .none {
      last = link.previous
    } else {
      pool[link.next].link.previous = link.previous
    }
    pool[element].link = ListLink()
    count &-= 1
  }

  /// Calls `body` with every element of the list and gives the element back to the pool.
  mutating func giveBackAll(
    to pool: inout Pool<Element>, _ body: (borrowing Element) -> Void = { _ in }
  ) {
    var element = first
    while element != .none {
      let next = pool[element].link.next
      body(pool[element])
      pool.give(back: element)
      element = next
    }
    self = PoolList()
  }

  #if DEBUG
    /// Traps unless the links are consistent, the count is right, and every handle is live.
    func checkInvariants(
      in pool: borrowing Pool<Element>,
      _ body: (Handle<Element>, borrowing Element) -> Void = { _, _ in }
    ) {
      var (previous, element, seen) = (Handle<Element>.none, first, UInt32(0))
      while element != .none {
        precondition(pool.isLive(element), "a list holds a handle that was given back")
        precondition(pool[element].link.previous == previous, "a list's links disagree")
        seen += 1
        precondition(seen <= count, "a list is longer than its count")
        body(element, pool[element])
        (previous, element) = (element, pool[element].link.next)
      }
      precondition(seen == count && last == previous, "a list's count or end is wrong")
    }
  #endif
}
