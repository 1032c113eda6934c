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
    nextBlock(of: bytes) { _ in }
  }

  /// Checks the next block of records and hands each valid one to `take`; nil if there is none.
  ///
  /// - Parameter bytes: the same at each call.
  @inlinable @inline(__always)
  public mutating func nextBlock(
    of bytes: UnsafeRawBufferPointer, taking take: (UnsafePointer<record>) -> Void
  ) -> RecordBlock? {
    guard var block = beginBlock(of: bytes) else { return nil }
    Self.rules.withUnsafeBufferPointer { rules in
      while block.offset < block.limit, !isComplete {
        block.pass(over: bytes, rules, taking: take)
        // Stopped by the limit, or by a record that needs a closer look.
        if block.offset < block.limit, let record = passOne(of: bytes, in: &block) { take(record) }
      }
    }
    return endBlock(block, of: bytes)
  }

  /// The sums over a block that is being checked.
  @usableFromInline
  struct OpenBlock {
    let start: Int
    /// Records that begin below belong to the block.
    @usableFromInline let limit: Int
    /// A record that begins below lies within the bytes, whatever its size.
    @usableFromInline let safeLimit: Int
    /// Offset of the next record.
    @usableFromInline var offset: Int
    @usableFromInline var records: UInt64 = 0
    @usableFromInline var events: UInt64 = 0
    /// As ``RecordCheck/earliest``.
    @usableFromInline var earliest = UInt64.max
    @usableFromInline var latest: UInt64 = 0

    init(start: Int, limit: Int, safeLimit: Int) {
      (self.start, self.limit, self.safeLimit) = (start, limit, safeLimit)
      offset = start
    }

    /// Passes over records that are plainly valid, up to the first that is not.
    @inlinable @inline(__always)
    mutating func pass(
      over bytes: UnsafeRawBufferPointer, _ rules: UnsafeBufferPointer<UInt32>,
      taking take: (UnsafePointer<record>) -> Void
    ) {
      guard let memory = bytes.baseAddress else { return }
      var (offset, records, events) = (offset, records, events)
      var (earliest, latest) = (earliest, latest)
      while offset < safeLimit {
        let record = (memory + offset).assumingMemoryBound(to: record.self)
        let size = UInt32(record.pointee.size)
        let rule = rules[Int(record.pointee.kind.rawValue)]
        guard size >= rule & RecordCheck.sizeMask, size & 7 == 0 else { break }
        let time = record.pointee.time_ns
        earliest = min(earliest, time &- 1)
        latest = max(latest, time)
        events &+= UInt64(rule >> RecordCheck.eventBit)
        records &+= 1
        take(record)
        offset += Int(size)
      }
      (self.offset, self.records, self.events) = (offset, records, events)
      (self.earliest, self.latest) = (earliest, latest)
    }
  }

  @usableFromInline
  func beginBlock(of bytes: UnsafeRawBufferPointer) -> OpenBlock? {
    guard !isComplete else { return nil }
    let limit = min(bytes.count, length + blockSize)
    return OpenBlock(
      start: length, limit: limit, safeLimit: min(limit, bytes.count - Int(UInt16.max)))
  }

  @usableFromInline
  mutating func endBlock(_ block: OpenBlock, of bytes: UnsafeRawBufferPointer) -> RecordBlock? {
    if block.offset >= bytes.count, !isComplete { _ = finish(.cutOff) }
    let firstEvent = eventCount
    length = block.offset
    recordCount &+= block.records
    eventCount &+= block.events
    earliest = min(earliest, block.earliest)
    lastTime = max(lastTime, block.latest)
    guard block.offset > block.start else { return nil }
    return RecordBlock(
      range: block.start..<block.offset, firstEvent: firstEvent, endEvent: eventCount,
      lastTime: block.latest)
  }

  /// Passes over one record and returns it, or finds out what is wrong with it.
  @usableFromInline
  mutating func passOne(
    of bytes: UnsafeRawBufferPointer, in block: inout OpenBlock
  ) -> UnsafePointer<record>? {
    let offset = block.offset
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
    block.earliest = min(block.earliest, head.time_ns &- 1)
    block.latest = max(block.latest, head.time_ns)
    block.records += 1
    if head.kind.isEvent { block.events += 1 }
    block.offset += size
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
  /// look the size is one that no record has.
  @usableFromInline static let rules: [UInt32] = {
    var rules = [UInt32](repeating: sizeMask, count: 256)
    for kind in RecordKind.all where kind != .end && kind != .fileName {
      rules[Int(kind.rawValue)] =
        UInt32(kind.minimumSize) | (kind.isEvent ? 1 << eventBit : 0)
    }
    return rules
  }()
}
