import Glibc

/// Memory for a fixed number of elements of a ``Pool``.
///
/// Only the pool changes the elements, and only while no ``SharedPool`` holds the page.
final class PoolPage<Element: ~Copyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>

  static var bits: UInt32 { 5 }
  static var capacity: Int { 1 << Int(bits) }
  /// The bits of an index that select the element within a page.
  static var mask: UInt32 { 1 << bits - 1 }

  private static var bytes: Int { capacity * MemoryLayout<Element>.stride }

  init() {
    guard let memory = malloc(Self.bytes) else { fatalError("out of memory") }
    base = memory.bindMemory(to: Element.self, capacity: Self.capacity)
  }

  /// Copies the elements' bytes. The elements must need no deinitialisation, or those of the other
  /// page must never be deinitialised.
  convenience init(copyOf other: PoolPage<Element>) {
    self.init()
    UnsafeMutableRawPointer(base).copyMemory(from: other.base, byteCount: Self.bytes)
  }

  deinit { free(base) }
}

/// The elements of a ``Pool`` at one moment. The pool copies a page before it changes an element on
/// it.
struct SharedPool<Element: BitwiseCopyable>: Sendable {
  fileprivate let pages: [PoolPage<Element>]
  private let end: UInt32

  init(pages: [PoolPage<Element>], end: UInt32) {
    self.pages = pages
    self.end = end
  }

  /// The element in a handle's slot at the moment of sharing.
  subscript(_ handle: Handle<Element>) -> Element {
    unsafeAddress {
      precondition(handle.index < end)
      return UnsafePointer(
        pages[Int(handle.index >> PoolPage<Element>.bits)].base
          + Int(handle.index & PoolPage<Element>.mask))
    }
  }
}
