import Glibc

/// Elements in pages of memory. Each element is accessed by a ``Handle``, which is valid until its
/// slot is given back.
///
/// Only for elements that can be moved by copying their bytes, as all Swift structs can. Only
/// ``take(_:)`` and ``takeFreed()`` make handles. All builds check that a handle is within bounds.
/// Debug builds also check that its slot was not given back.
struct Pool<Element: ~Copyable>: ~Copyable {
  /// Address and state of a page, in one place so that an access needs one look-up.
  private struct Place {
    var base: UnsafeMutablePointer<Element>
    /// True if a ``SharedPool`` may hold the page. The pool then copies the page before the next
    /// change.
    var isShared = false
  }

  private var places: UnsafeMutablePointer<Place>
  private var pages: [PoolPage<Element>] = []
  private var pageCapacity: UInt32 = 2
  private var freed: UnsafeMutablePointer<UInt32>
  private var freedCount: UInt32 = 0
  /// Slots below this index have been used; each holds an initialised element.
  private var end: UInt32 = 0
  #if DEBUG
    /// Odd while the slot is in use.
    private var generations: [UInt32] = []
    /// Pages copied so far because a ``SharedPool`` held them.
    private(set) var copiedPages = 0
  #endif

  init() {
    places = Self.resized(nil, to: pageCapacity)
    freed = Self.resized(nil, to: pageCapacity << PoolPage<Element>.bits)
  }

  deinit {
    for (page, index) in pages.indices.enumerated() {
      let first = page << Int(PoolPage<Element>.bits)
      pages[index].base.deinitialize(count: min(Int(end) - first, PoolPage<Element>.capacity))
    }
    free(places)
    free(freed)
  }

  /// Number of elements in use.
  var count: Int { Int(end - freedCount) }

  subscript(_ handle: Handle<Element>) -> Element {
    @inline(__always)
    unsafeAddress {
      check(handle)
      return UnsafePointer(address(handle.index))
    }
    @inline(__always)
    unsafeMutableAddress { mutablePointer(to: handle) }
  }

  /// The element of a handle or, if the slot was given back, the slot's present content.
  ///
  /// For references that the caller checks against the element's id or address.
  subscript(unproven handle: Handle<Element>) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(handle.index < end)
      return UnsafePointer(address(handle.index))
    }
  }

  @inline(__always)
  private func address(_ index: UInt32) -> UnsafeMutablePointer<Element> {
    places[Int(index >> PoolPage<Element>.bits)].base + Int(index & PoolPage<Element>.mask)
  }

  /// Calls `body` for the content of each slot in slot order, including slots given back.
  func forEachSlot(_ body: (borrowing Element) -> Void) {
    for index in 0..<end { body(address(index).pointee) }
  }

  /// Returns a pointer for changing a large element in one step. The pointer is valid until the
  /// pool is shared.
  @inline(__always)
  mutating func mutablePointer(to handle: Handle<Element>) -> UnsafeMutablePointer<Element> {
    check(handle)
    let page = Int(handle.index >> PoolPage<Element>.bits)
    if places[page].isShared { copyPage(page) }
    return places[page].base + Int(handle.index & PoolPage<Element>.mask)
  }

  /// Takes a slot that was given back; nil if there is none. The slot still contains its old
  /// element.
  @inline(__always)
  mutating func takeFreed() -> Handle<Element>? {
    guard freedCount > 0 else { return nil }
    freedCount &-= 1
    return begin(freed[Int(freedCount)])
  }

  /// Takes a slot that was given back, or a new slot if there is none. A slot that was given back
  /// still contains its old element. A new slot contains `initial`.
  @inline(__always)
  mutating func take(_ initial: @autoclosure () -> Element) -> Handle<Element> {
    if let handle = takeFreed() { return handle }
    return takeNew(initial())
  }

  @inline(never)
  private mutating func takeNew(_ initial: consuming Element) -> Handle<Element> {
    if end & PoolPage<Element>.mask == 0 { addPage() }
    let page = Int(end >> PoolPage<Element>.bits)
    if places[page].isShared { copyPage(page) }
    address(end).initialize(to: initial)
    end += 1
    #if DEBUG
      generations.append(0)
    #endif
    return begin(end - 1)
  }

  /// Gives a slot back. The slot keeps its element until it is taken again.
  @inline(__always)
  mutating func give(back handle: Handle<Element>) {
    check(handle)
    #if DEBUG
      generations[Int(handle.index)] += 1
    #endif
    freed[Int(freedCount)] = handle.index
    freedCount &+= 1
  }

  @inline(__always)
  private mutating func begin(_ index: UInt32) -> Handle<Element> {
    #if DEBUG
      generations[Int(index)] += 1
      return Handle(index: index, generation: generations[Int(index)])
    #else
      return Handle(index: index, generation: 0)
    #endif
  }

  @inline(__always)
  private func check(_ handle: Handle<Element>) {
    // Records come from untrusted files: no mistake here may access memory outside the pool.
    precondition(handle.index < end)
    #if DEBUG
      precondition(isLive(handle), "a handle was used after its slot was given back")
    #endif
  }

  #if DEBUG
    /// True if the handle's slot is in use by the element that the handle was made for.
    func isLive(_ handle: Handle<Element>) -> Bool {
      handle.index < end && handle.generation % 2 == 1
        && generations[Int(handle.index)] == handle.generation
    }
  #endif

  private mutating func addPage() {
    if pages.count == pageCapacity {
      pageCapacity *= 2
      places = Self.resized(places, to: pageCapacity)
      freed = Self.resized(freed, to: pageCapacity << PoolPage<Element>.bits)
    }
    let page = PoolPage<Element>()
    (places + pages.count).initialize(to: Place(base: page.base))
    pages.append(page)
  }

  /// Replaces a page by a copy. The page itself stays with the ``SharedPool``s that hold it.
  @inline(never)
  private mutating func copyPage(_ index: Int) {
    #if DEBUG
      copiedPages += 1
    #endif
    let copy = PoolPage(copyOf: pages[index])
    pages[index] = copy
    places[index] = Place(base: copy.base)
  }

  private static func resized<T: ~Copyable>(
    _ old: UnsafeMutablePointer<T>?, to capacity: UInt32
  ) -> UnsafeMutablePointer<T> {
    guard let new = realloc(old, Int(capacity) * MemoryLayout<T>.stride) else {
      fatalError("out of memory")
    }
    return new.assumingMemoryBound(to: T.self)
  }
}

extension Pool where Element: BitwiseCopyable {
  /// All elements as they are now. Their pages are shared, not copied.
  mutating func share() -> SharedPool<Element> {
    for index in pages.indices { places[index].isShared = true }
    return SharedPool(pages: pages, end: end)
  }
}
