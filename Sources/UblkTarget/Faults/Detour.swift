import CURing
import Glibc

/// A file that a member (a request that transfers an I/O's data) uses instead of the backing file.
/// It causes a fault.
final class Detour: Sendable {
  enum Kind: Sendable {
    /// A pipe, empty for a read and full for a write. The member waits until the target reads or
    /// fills the pipe.
    case slow
    /// A file that ends in the middle of the I/O.
    case short
  }

  let kind: Kind
  let direction: Direction
  /// The file that the member reads or writes.
  private let member: OwnedDescriptor
  /// The other end of the pipe. Nil for a short file.
  private let far: OwnedDescriptor?
  /// Bytes that were written to the pipe to fill it, so that the member's write waits.
  private let filling: Int

  var descriptor: Int32 { member.number }

  /// Creates a pipe that delays a transfer of this length.
  init(
    slow direction: Direction, length: Int, scratch: borrowing MappedBuffer
  ) throws(TargetError) {
    var ends: [Int32] = [-1, -1]
    // The pipe has room for one more page, because the data need not start at a page boundary.
    var capacity = Int32(length + 4096)
    guard curing_pipe(&ends, &capacity) == 0 else { throw .last("cannot make a pipe") }
    member = OwnedDescriptor(owning: ends[direction == .read ? 0 : 1])
    far = OwnedDescriptor(owning: ends[direction == .read ? 1 : 0])
    kind = .slow
    self.direction = direction
    var filling = 0
    // These writes do not block, because they write no more than the pipe's capacity.
    while direction == .write, filling < Int(capacity) {
      let part = min(scratch.count, Int(capacity) - filling)
      let written = scratch.write(to: ends[1], at: nil, count: part)
      guard written > 0 else { break }
      filling += written
    }
    self.filling = filling
    guard capacity >= length, direction == .read || filling == Int(capacity) else {
      throw TargetError(.system, "cannot fill a pipe of \(length) bytes")
    }
  }

  /// Creates a file in memory with a copy of `length` bytes of the backing file at `position`. A read
  /// of this file is short, because the caller passes half of the read's length.
  init(
    shortCopyOf backing: Int32, at position: UInt64, length: Int, scratch: borrowing MappedBuffer
  ) throws(TargetError) {
    let number = curing_memory_file("uringtop-short")
    guard number >= 0 else { throw .last("cannot make a file in memory") }
    let file = OwnedDescriptor(owning: number)
    let count = scratch.read(from: backing, at: position, count: length)
    guard count == length else { throw TargetError("cannot read the backing", code: EIO) }
    guard scratch.write(to: number, at: 0, count: length) == length else {
      throw TargetError.last("cannot write to memory")
    }
    kind = .short
    direction = .read
    filling = 0
    member = file
    far = nil
  }

  /// Releases the waiting member: writes a read's data into the pipe, or empties the pipe for a
  /// write. Returns 0 or a negative errno.
  func open(
    backing: Int32, position: UInt64, length: Int, scratch: borrowing MappedBuffer
  ) -> Int32 {
    guard let end = farDescriptor else { return 0 }
    if direction == .read {
      let count = scratch.read(from: backing, at: position, count: length)
      guard count == length else { return count < 0 ? Int32(count) : -EIO }
      // Does not block, because the pipe has room for all of the data.
      return scratch.write(to: end, at: nil, count: length) == length ? 0 : -EIO
    }
    var rest = filling
    while rest > 0 {
      let count = scratch.read(from: end, at: nil, count: min(rest, scratch.count))
      guard count > 0 else { return -EIO }
      rest -= count
    }
    return 0
  }

  /// Moves the data that a member has written into the pipe to the backing file. Returns 0 or a
  /// negative errno.
  func drain(
    to backing: Int32, position: UInt64, length: Int, scratch: borrowing MappedBuffer
  ) -> Int32 {
    guard let end = farDescriptor, direction == .write else { return 0 }
    var done = 0
    while done < length {
      let count = scratch.read(from: end, at: nil, offset: done, count: length - done)
      guard count > 0 else { return -EIO }
      done += count
    }
    let written = scratch.write(to: backing, at: position, count: length)
    return written == length ? 0 : written < 0 ? Int32(written) : -EIO
  }

  private var farDescriptor: Int32? {
    switch far {
    case .some(let far): far.number
    case .none: nil
    }
  }
}
