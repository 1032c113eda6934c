import CURing
import Glibc

/// Another file that a member is sent to, to make a fault that the backing does not make by itself.
final class Detour: Sendable {
  enum Kind: Sendable {
    /// A pipe, empty for a read and full for a write: the member waits until it is opened.
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

  /// A pipe that holds up a transfer of this length.
  init(
    slow direction: Direction, length: Int, scratch: borrowing MappedBuffer
  ) throws(TargetError) {
    var ends: [Int32] = [-1, -1]
    // One page more, because the data need not start at a page.
    var capacity = Int32(length + 4096)
    guard curing_pipe(&ends, &capacity) == 0 else { throw .last("cannot make a pipe") }
    member = OwnedDescriptor(owning: ends[direction == .read ? 0 : 1])
    far = OwnedDescriptor(owning: ends[direction == .read ? 1 : 0])
    kind = .slow
    self.direction = direction
    var filling = 0
    // Not more than fits, so this does not wait.
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

  /// A file with the first half of a read's data.
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

  /// Lets the member go on: gives a read its data, makes room for a write.
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

  /// Moves what a member has written on to the backing.
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
