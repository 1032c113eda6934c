import CURing
import Glibc

/// A file that takes the place of the backing for a member, to cause a fault.
final class Detour: Sendable {
  enum Kind: Sendable {
    /// A pipe, empty for a read and full for a write: the member waits for its release.
    case slow
    /// A file that ends in the middle of the I/O.
    case short
  }

  let kind: Kind
  let direction: Direction
  /// Where the member reads or writes.
  private let member: OwnedDescriptor
  /// The other end of the pipe.
  private let far: OwnedDescriptor?
  /// Bytes that fill the pipe before the member may write.
  private let filling: Int

  var descriptor: Int32 { member.number }

  /// Creates a pipe that delays a transfer of this length.
  init(
    slow direction: Direction, length: Int, scratch: borrowing MappedBuffer
  ) throws(TargetError) {
    var ends: [Int32] = [-1, -1]
    // One page more, because the data need not start at a page boundary.
    var capacity = Int32(length + 4096)
    guard curing_pipe(&ends, &capacity) == 0 else { throw .last("cannot make a pipe") }
    member = OwnedDescriptor(owning: ends[direction == .read ? 0 : 1])
    far = OwnedDescriptor(owning: ends[direction == .read ? 1 : 0])
    kind = .slow
    self.direction = direction
    var filling = 0
    // Does not block, because it writes no more than fits.
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

  /// Creates a file with the first half of a read's data.
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

  /// Releases the member: supplies data for a read, makes room for a write.
  func open(
    backing: Int32, position: UInt64, length: Int, scratch: borrowing MappedBuffer
  ) -> Int32 {
    guard let end = farDescriptor else { return 0 }
    if direction == .read {
      let count = scratch.read(from: backing, at: position, count: length)
      guard count == length else { return count < 0 ? Int32(count) : -EIO }
      // The pipe has room for all of it.
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

  /// Copies the data that a member has written to the backing.
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
