import CRecord

/// Walks over untrusted bytes, block by block, as far as they are valid records.
///
/// A block is checked right before its records are used, or each record right before it is used, so that
/// records come from memory once.
public struct RecordCheck: Sendable {
  /// Why the rest is not valid.
  public enum Flaw: Hashable, Sendable {
    /// The bytes end without an end record, or within a record.
    case cutOff
    /// No record starts at this offset.
    case corrupt(offset: Int)
  }

  /// Bytes of valid records so far, without the end record.
  public private(set) var length = 0
  public private(set) var recordCount: UInt64 = 0
  public private(set) var eventCount: UInt64 = 0
  /// Smallest and largest time so far, nanoseconds; 0 without records.
  public var firstTime: UInt64 { earliest &+ 1 }
  public private(set) var lastTime: UInt64 = 0
  /// The end record, if it has been reached.
  public private(set) var end: record_end?
  /// Why the bytes from ``length`` on are not used; known once ``isComplete``.
  public private(set) var flaw: Flaw?
  /// No block follows.
  public private(set) var isComplete = false

  /// Smallest time less 1: a record without time, 0, becomes the largest number.
  private var earliest = UInt64.max

  /// Bytes of a block: little enough to be in the cache still when the block is used, and so many that the
  /// aggregator's work at the end of each run, its event log, does not count.
  private let blockSize: Int

  public init(blockSize: Int = 1 << 22) { self.blockSize = blockSize }

  /// Checks all of `bytes`.
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.init()
    while nextBlock(of: bytes) != nil {}
  }

  /// Checks the next block of records; nil if there is none.
  ///
  /// - Parameter bytes: the same at each call.
  public mutating func nextBlock(of bytes: UnsafeRawBufferPointer) -> RecordBlock? {
    guard var block = beginBlock(of: bytes) else { return nil }
    repeat {
      var plain = block.plain
      while plain.next() != nil {}
      block.plain = plain
    } while next(of: bytes, in: &block) != nil
    return endBlock(block, of: bytes)
  }

  // MARK: Record by record

  /// A block that is being checked. Whoever takes its records one by one asks ``Plain/next()`` of a copy of
  /// ``plain`` until it has none, which is short enough for a loop, and then ``next(of:in:)`` for one more.
  public struct OpenBlock {
    let start: Int
    /// Records that begin below belong to the block.
    let limit: Int
    public var plain: Plain
  }

  /// Passes over records that are plainly valid, and their sums.
  public struct Plain {
    @usableFromInline let memory: UnsafeRawPointer
    /// A record that begins below belongs to the block and lies within the bytes, whatever its size.
    @usableFromInline let limit: Int
    @usableFromInline let rules: UnsafePointer<UInt32>
    /// Offset of the next record.
    @usableFromInline var offset: Int
    @usableFromInline var records: UInt64 = 0
    @usableFromInline var events: UInt64 = 0
    /// As ``RecordCheck/earliest``.
    @usableFromInline var earliest = UInt64.max
    @usableFromInline var latest: UInt64 = 0

    init(memory: UnsafeRawPointer, limit: Int, offset: Int) {
      (self.memory, self.limit, self.offset) = (memory, limit, offset)
      rules = RecordCheck.rules
    }

    /// The next record if it is plainly valid.
    @inlinable @inline(__always)
    public mutating func next() -> UnsafePointer<record>? {
      guard offset < limit else { return nil }
      let record = (memory + offset).assumingMemoryBound(to: record.self)
      let size = UInt32(record.pointee.size)
      let rule = rules[Int(record.pointee.kind.rawValue)]
      guard size >= rule & RecordCheck.sizeMask, size & 7 == 0 else { return nil }
      let time = record.pointee.time_ns
      earliest = min(earliest, time &- 1)
      latest = max(latest, time)
      events &+= UInt64(rule >> RecordCheck.eventBit)
      records &+= 1
      offset += Int(size)
      return record
    }
  }

  /// Starts the next block; nil if there is none. ``endBlock(_:of:)`` must follow.
  public mutating func beginBlock(of bytes: UnsafeRawBufferPointer) -> OpenBlock? {
    guard !isComplete else { return nil }
    guard let memory = bytes.baseAddress else {
      _ = finish(.cutOff)
      return nil
    }
    let limit = min(bytes.count, length + blockSize)
    return OpenBlock(
      start: length, limit: limit,
      plain: Plain(
        memory: memory, limit: min(limit, bytes.count - Int(UInt16.max)), offset: length))
  }

  /// Adds the block's sums; nil if it has no record.
  public mutating func endBlock(
    _ block: OpenBlock, of bytes: UnsafeRawBufferPointer
  ) -> RecordBlock? {
    let sums = block.plain
    if sums.offset >= bytes.count, !isComplete { _ = finish(.cutOff) }
    let firstEvent = eventCount
    length = sums.offset
    recordCount &+= sums.records
    eventCount &+= sums.events
    earliest = min(earliest, sums.earliest)
    lastTime = max(lastTime, sums.latest)
    guard sums.offset > block.start else { return nil }
    return RecordBlock(
      range: block.start..<sums.offset, firstEvent: firstEvent, endEvent: eventCount,
      lastTime: sums.latest)
  }

  /// The next record of the block, which needs a closer look; nil at the block's end, or if something is wrong
  /// with the record.
  public mutating func next(
    of bytes: UnsafeRawBufferPointer, in block: inout OpenBlock
  ) -> UnsafePointer<record>? {
    let offset = block.plain.offset
    guard offset < block.limit else { return nil }
    let remaining = bytes.count - offset
    guard remaining >= MemoryLayout<record>.size else { return finish(.cutOff) }
    let start = bytes.baseAddress! + offset
    let head = start.loadUnaligned(as: record.self)
    let size = Int(head.size)
    let minimum = head.kind.minimumSize
    let corrupt = Flaw.corrupt(offset: offset)
    guard minimum > 0, size >= minimum, size.isMultiple(of: 8) else { return finish(corrupt) }
    guard size <= remaining else { return finish(.cutOff) }
    if head.kind == .fileName {
      let length = Int(start.loadUnaligned(as: record_file_name.self).length)
      guard length <= size - minimum else { return finish(corrupt) }
    }
    if head.kind == .end {
      end = start.loadUnaligned(as: record_end.self)
      let isLast = size == remaining
      return finish(isLast ? nil : .corrupt(offset: offset + size))
    }
    block.plain.earliest = min(block.plain.earliest, head.time_ns &- 1)
    block.plain.latest = max(block.plain.latest, head.time_ns)
    block.plain.records += 1
    if head.kind.isEvent { block.plain.events += 1 }
    block.plain.offset += size
    return start.assumingMemoryBound(to: record.self)
  }

  /// - Returns: nil, always.
  private mutating func finish(_ flaw: Flaw?) -> UnsafePointer<record>? {
    self.flaw = flaw
    isComplete = true
    return nil
  }

  // MARK: Kinds

  @inlinable static var sizeMask: UInt32 { 0x1_ffff }
  @inlinable static var eventBit: UInt32 { 31 }

  /// For each kind the least size, and in the highest bit whether it is an event. Of kinds that need a closer
  /// look the size is one that no record has. Never freed.
  nonisolated(unsafe) private static let rules: UnsafePointer<UInt32> = {
    let rules = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)
    rules.initialize(repeating: sizeMask, count: 256)
    for kind in RecordKind.all where kind != .end && kind != .fileName {
      rules[Int(kind.rawValue)] =
        UInt32(kind.minimumSize) | (kind.isEvent ? 1 << eventBit : 0)
    }
    return UnsafePointer(rules)
  }()
}
