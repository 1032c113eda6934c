import Glibc

/// Elements at stable numbers in one block of memory, reused when freed.
///
/// Only for elements that may be moved by copying their bytes, as all Swift structs may. Access is
/// not checked: a number must come from ``take(_:)`` and not have been freed.
struct Pool<Element: ~Copyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private var capacity: UInt32 = 0
  private var freed: UnsafeMutablePointer<UInt32>
  private var freedCount: UInt32 = 0
  /// Numbers below this have been in use at some time; each holds an initialised element.
  private(set) var end: UInt32 = 0

  init() {
    base = Self.resized(nil, to: 64)
    freed = Self.resized(nil, to: 64)
    capacity = 64
  }

  deinit {
    base.deinitialize(count: Int(end))
    free(base)
    free(freed)
  }

  /// Elements in use.
  var count: UInt32 { end - freedCount }

  subscript(_ index: UInt32) -> Element {
    @inline(__always)
    unsafeAddress { UnsafePointer(base + Int(index)) }
    @inline(__always)
    nonmutating unsafeMutableAddress { base + Int(index) }
  }

  /// For reading a large element without a copy of it. Valid until the next ``take(_:)``.
  @inline(__always)
  func pointer(to index: UInt32) -> UnsafePointer<Element> {
    UnsafePointer(base + Int(index))
  }

  /// For changing a large element at once. Valid until the next ``take(_:)``.
  @inline(__always)
  func mutablePointer(to index: UInt32) -> UnsafeMutablePointer<Element> {
    base + Int(index)
  }

  /// A place that was freed, with the element it then had; nil if a new one would be needed.
  @inline(__always)
  mutating func takeFreed() -> UInt32? {
    guard freedCount > 0 else { return nil }
    freedCount &-= 1
    return freed[Int(freedCount)]
  }

  /// A place that was freed, with the element it then had, or else a new one with `initial`.
  @inline(__always)
  mutating func take(_ initial: @autoclosure () -> Element) -> UInt32 {
    if freedCount > 0 {
      freedCount -= 1
      return freed[Int(freedCount)]
    }
    return takeNew(initial())
  }

  @inline(never)
  private mutating func takeNew(_ initial: consuming Element) -> UInt32 {
    if end == capacity { grow() }
    (base + Int(end)).initialize(to: initial)
    end += 1
    return end - 1
  }

  /// Gives a place back. Its element stays as it is until the place is taken again.
  @inline(__always)
  mutating func give(back index: UInt32) {
    freed[Int(freedCount)] = index
    freedCount += 1
  }

  @inline(never)
  private mutating func grow() {
    // glibc moves large blocks by remapping their pages: growing does not copy.
    capacity *= 2
    base = Self.resized(base, to: capacity)
    freed = Self.resized(freed, to: capacity)
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

/// Stands for no element of a ``Pool``.
let noIndex = UInt32.max
