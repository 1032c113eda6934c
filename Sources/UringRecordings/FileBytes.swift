import Glibc
import UringBase

/// Immutable bytes in memory, aligned to at least 8 bytes. They are valid while the object exists.
package final class FileBytes: @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer
  private let owner: Owner

  private enum Owner {
    case heap
    case whole(FileBytes)
    case spare(BufferStore, UnsafeMutableRawBufferPointer)
  }

  /// Bytes that `malloc` allocated.
  init(heap bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    owner = .heap
  }

  /// A range of the bytes of `whole`, which stays alive as long as this object.
  init(_ range: Range<Int>, of whole: FileBytes) {
    bytes = UnsafeRawBufferPointer(rebasing: whole.bytes[range])
    owner = .whole(whole)
  }

  /// The first `count` bytes of a buffer, which returns to `store` when this object is freed.
  init(_ buffer: UnsafeMutableRawBufferPointer, count: Int, from store: BufferStore) {
    bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    owner = .spare(store, buffer)
  }

  deinit {
    switch owner {
    case .heap: free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    case .whole: break
    case .spare(let store, let buffer): store.give(back: buffer)
    }
  }

  /// The first `count` bytes.
  package func prefix(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[..<count])
  }
}

/// A few buffers kept for reuse, because fresh memory costs a page fault per 4 KiB.
final class BufferStore: @unchecked Sendable {
  private let spares = Monitor<[UnsafeMutableRawBufferPointer]>([])
  private static let most = 6

  deinit {
    spares.withLock { for spare in $0 { spare.deallocate() } }
  }

  func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let spare = spares.withLock { spares in
      spares.firstIndex { $0.count >= count }.map { spares.remove(at: $0) }
    }
    return spare ?? .allocate(byteCount: max(count, 8), alignment: 64)
  }

  func give(back buffer: UnsafeMutableRawBufferPointer) {
    let isKept = spares.withLock { spares in
      guard spares.count < Self.most else { return false }
      spares.append(buffer)
      return true
    }
    if !isKept { buffer.deallocate() }
  }
}

/// A growing array of bytes. Large arrays grow without a copy, because glibc remaps their pages.
struct GrowingBytes: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private var capacity = 1 << 16
  private(set) var count = 0

  init() {
    base = Self.resized(nil, to: capacity)
  }

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Makes room for `room` more bytes and calls `fill` with that memory. `fill` returns the number
  /// of bytes to keep.
  mutating func append(room: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) {
    if capacity - count < room {
      while capacity - count < room { capacity *= 2 }
      base = Self.resized(base, to: capacity)
    }
    count += fill(UnsafeMutableRawBufferPointer(start: base + count, count: room))
  }

  mutating func append(_ other: UnsafeRawBufferPointer) {
    append(room: other.count) { room in
      room.copyMemory(from: other)
      return other.count
    }
  }

  /// Hands over the bytes without a copy.
  consuming func finish() -> FileBytes {
    let result = FileBytes(heap: bytes)
    discard self
    return result
  }

  private static func resized(
    _ old: UnsafeMutableRawPointer?, to capacity: Int
  ) -> UnsafeMutableRawPointer {
    guard let new = realloc(old, capacity) else { fatalError("out of memory") }
    return new
  }
}
