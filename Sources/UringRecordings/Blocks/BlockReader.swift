import CRecord
import Glibc
import Synchronization
import SystemPackage
import UringRecords

/// Reads a recording made of blocks. Its bytes are untrusted.
///
/// Consecutive blocks are read in groups. A block that cannot be read is replaced by a loss record,
/// and the next block is found by its magic number.
final class BlockReader: Sendable {
  /// A position between two blocks.
  struct Place {
    /// Bytes from the start of the file.
    var offset: Int
    /// Number of records before this position, including those of damaged blocks.
    var records: UInt64
  }

  /// Blocks that could not be read.
  struct Damage {
    /// Byte offset of the first such block.
    var place: Int
    var blocks: UInt64 = 0
    var records: UInt64 = 0
  }

  struct Group {
    /// The records of the group's blocks. They have not been checked.
    var bytes: FileBytes
    /// Position of the next group.
    var next: Place
    var damage: Damage?
    /// Offset of the bytes at the end of the file that are not a block. Nil if there are none.
    var tail: Int?
    /// True if no group follows.
    var isLast: Bool
  }

  private let contents: FileContents
  private let groupSize: Int
  private let buffers = BufferStore()
  private let restorers = Mutex<[BlockRestorer]>([])

  /// Maximum number of bytes of the file read for one group. More are read only while the group has
  /// no records.
  private static let mostRead = 16 << 20
  /// Maximum number of searches per group for the next block inside a damaged one. Each search can
  /// read the bytes of a whole block again.
  private static let mostSearches = 16

  /// - Parameter groupSize: bytes of records after which a group is complete.
  init(_ contents: FileContents, groupSize: Int) {
    self.contents = contents
    self.groupSize = groupSize
  }

  /// Reads the group that begins at a position. Returns nil if the file has become shorter.
  func group(at start: Place) throws(SystemPackage.Errno) -> Group? {
    let room = groupSize + BlockHead.largestSize + 2 * MemoryLayout<record_lost>.size
    let buffer = buffers.take(room)
    var isKept = false
    defer { if !isKept { buffers.give(back: buffer) } }
    let restorer = restorers.withLock { $0.popLast() } ?? BlockRestorer()
    defer { restorers.withLock { $0.append(restorer) } }

    var window = Window(contents)
    var filling = Filling(buffer: buffer, place: start)
    while filling.used < groupSize, filling.place.offset < contents.count,
      filling.used == 0 || filling.place.offset - start.offset < Self.mostRead
    {
      let offset = filling.place.offset
      guard
        let headBytes = try window.load(offset, min(BlockHead.size, contents.count - offset))
      else { return nil }
      guard let head = BlockHead(headBytes), offset + head.length <= contents.count else {
        guard let next = try window.nextHead(from: offset + 1) else {
          filling.tail = offset
          filling.place.offset = contents.count
          break
        }
        filling.note(damagedBlockAt: offset)
        filling.place.offset = next
        continue
      }
      filling.noteGap(before: head)
      guard let content = try window.load(offset + BlockHead.size, Int(head.stored.stored)) else {
        return nil
      }
      if restorer.restore(head, content, into: filling.room(head)) {
        filling.take(head)
        continue
      }
      filling.note(damagedBlockAt: offset)
      filling.skip(head)
      // If bytes were removed from or inserted into the damaged block, the next block does not
      // begin at its computed end.
      let end = filling.place.offset
      if end < contents.count, filling.searches < Self.mostSearches,
        try !window.hasHead(at: end)
      {
        filling.searches += 1
        filling.place.offset = try window.nextHead(from: offset + 1) ?? end
      }
    }
    isKept = true
    return Group(
      bytes: FileBytes(buffer, count: filling.used, from: buffers), next: filling.place,
      damage: filling.damage, tail: filling.tail,
      isLast: filling.place.offset >= contents.count)
  }

  /// A group that is being read.
  private struct Filling {
    let buffer: UnsafeMutableRawBufferPointer
    var used = 0
    var place: Place
    var damage: Damage?
    var tail: Int?
    var searches = 0

    init(buffer: UnsafeMutableRawBufferPointer, place: Place) {
      self.buffer = buffer
      self.place = place
    }

    func room(_ head: BlockHead) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + Int(head.stored.size)])
    }

    mutating func take(_ head: BlockHead) {
      used += Int(head.stored.size)
      pass(head)
    }

    /// Skips a block whose content is damaged, and appends a loss record.
    mutating func skip(_ head: BlockHead) {
      lose(UInt64(head.stored.records), at: head.stored.first_ns)
      pass(head)
    }

    /// Appends a loss record if records are missing between the previous block and this one.
    mutating func noteGap(before head: BlockHead) {
      guard head.stored.first_record > place.records else { return }
      if damage == nil { note(damagedBlockAt: place.offset) }
      lose(head.stored.first_record - place.records, at: head.stored.first_ns)
    }

    mutating func note(damagedBlockAt offset: Int) {
      damage = damage ?? Damage(place: offset)
      damage?.blocks += 1
    }

    private mutating func pass(_ head: BlockHead) {
      place.offset += head.length
      place.records = head.stored.first_record + UInt64(head.stored.records)
    }

    /// Appends a loss record.
    private mutating func lose(_ count: UInt64, at time: UInt64) {
      guard count > 0 else { return }
      damage?.records += count
      var loss = RecordBuffer()
      loss.append(record_lost.self, at: time) {
        $0.count = count
        $0.cause = .damaged
      }
      loss.bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(from: $0)
        used += $0.count
      }
    }
  }

  /// A part of the file that is kept in memory.
  private struct Window {
    let contents: FileContents
    private var start = 0
    private var piece: FileBytes?

    private static let size = 1 << 18

    init(_ contents: FileContents) { self.contents = contents }

    /// Reads bytes of the file. They are valid until the next call. Returns nil if the file has
    /// become shorter.
    mutating func load(
      _ offset: Int, _ count: Int
    ) throws(SystemPackage.Errno) -> UnsafeRawBufferPointer? {
      if piece == nil || offset < start || offset + count > start + (piece?.bytes.count ?? 0) {
        let end = min(contents.count, offset + max(count, Self.size))
        piece = try contents.piece(offset..<end)
        start = offset
      }
      guard let bytes = piece?.bytes else { return nil }
      return UnsafeRawBufferPointer(rebasing: bytes[(offset - start)..<(offset - start + count)])
    }

    /// True if a valid block head begins at the offset.
    mutating func hasHead(at offset: Int) throws(SystemPackage.Errno) -> Bool {
      guard offset + BlockHead.size <= contents.count,
        let bytes = try load(offset, BlockHead.size)
      else { return false }
      return BlockHead(bytes) != nil
    }

    /// Offset of the next valid block head whose block lies entirely within the file.
    mutating func nextHead(from first: Int) throws(SystemPackage.Errno) -> Int? {
      var offset = first
      while offset + BlockHead.size <= contents.count {
        let count = min(Self.size, contents.count - offset)
        guard let bytes = try load(offset, count) else { return nil }
        guard let found = Self.firstMagic(in: bytes) else {
          offset += count - MemoryLayout<UInt64>.size + 1
          continue
        }
        offset += found
        if offset + BlockHead.size <= contents.count, let head = try load(offset, BlockHead.size),
          let head = BlockHead(head), offset + head.length <= contents.count
        {
          return offset
        }
        offset += 1
      }
      return nil
    }

    private static func firstMagic(in bytes: UnsafeRawBufferPointer) -> Int? {
      guard let start = bytes.baseAddress else { return nil }
      let last = bytes.count - MemoryLayout<UInt64>.size
      var offset = 0
      while offset <= last,
        let found = memchr(start + offset, Int32(BlockHead.magic & 0xff), last + 1 - offset)
      {
        offset = UnsafeRawPointer(found) - start
        if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == BlockHead.magic {
          return offset
        }
        offset += 1
      }
      return nil
    }
  }
}
