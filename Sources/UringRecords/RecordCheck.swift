import CRecord

/// Walks over untrusted bytes, block by block, as far as they are valid records.
///
/// A block is checked right before it is used, so that its records come from memory once.
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
    guard !isComplete else { return nil }
    let start = length
    let firstEvent = eventCount
    let limit = min(bytes.count, start + blockSize)
    var latest: UInt64 = 0
    var offset = start
    Self.rules.withUnsafeBufferPointer { rules in
      while offset < limit, !isComplete {
        offset = pass(over: bytes, from: offset, to: limit, rules, latest: &latest)
        // It stopped at the limit, or at a record that needs a closer look.
        if offset < limit { passOne(of: bytes, at: &offset, latest: &latest) }
      }
    }
    if offset >= bytes.count, !isComplete { finish(.cutOff) }
    length = offset
    lastTime = max(lastTime, latest)
    guard offset > start else { return nil }
    return RecordBlock(
      range: start..<offset, firstEvent: firstEvent, endEvent: eventCount, lastTime: latest)
  }

  /// Passes over records that are plainly valid; returns the offset of the first that is not.
  @inline(__always)
  private mutating func pass(
    over bytes: UnsafeRawBufferPointer, from start: Int, to limit: Int,
    _ rules: UnsafeBufferPointer<UInt32>, latest: inout UInt64
  ) -> Int {
    guard let memory = bytes.baseAddress else { return start }
    var (offset, count, events) = (start, UInt64(0), UInt64(0))
    var (early, late) = (earliest, latest)
    // The header of a record that begins below is inside, and so is the record.
    let end = min(limit, bytes.count - Int(UInt16.max))
    let (sizeOffset, kindOffset) = (Self.sizeOffset, Self.kindOffset)
    while offset < end {
      let head = memory + offset
      let size = UInt32(head.loadUnaligned(fromByteOffset: sizeOffset, as: UInt16.self))
      let rule = rules[Int(head.load(fromByteOffset: kindOffset, as: UInt8.self))]
      guard size >= rule & Self.sizeMask, size & 7 == 0 else { break }
      let time = head.loadUnaligned(as: UInt64.self)
      early = min(early, time &- 1)
      late = max(late, time)
      events &+= UInt64(rule >> Self.eventBit)
      count &+= 1
      offset += Int(size)
    }
    (earliest, latest) = (early, late)
    recordCount &+= count
    eventCount &+= events
    return offset
  }

  /// Passes over one record, or finds out what is wrong with it.
  private mutating func passOne(
    of bytes: UnsafeRawBufferPointer, at offset: inout Int, latest: inout UInt64
  ) {
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
      return finish(
        isLast ? nil : .corrupt(offset: offset + size))
    }
    earliest = min(earliest, head.time_ns &- 1)
    latest = max(latest, head.time_ns)
    recordCount += 1
    if head.kind.isEvent { eventCount += 1 }
    offset += size
  }

  private mutating func finish(_ flaw: Flaw?) {
    self.flaw = flaw
    isComplete = true
  }

  // MARK: Kinds

  private static let sizeOffset = MemoryLayout<record>.offset(of: \.size) ?? 28
  private static let kindOffset = MemoryLayout<record>.offset(of: \.kind) ?? 30
  private static var sizeMask: UInt32 { 0x1_ffff }
  private static var eventBit: UInt32 { 31 }

  /// For each kind the least size, and in the highest bit whether it is an event. Of kinds that need a closer
  /// look the size is one that no record has.
  private static let rules: [UInt32] = {
    var rules = [UInt32](repeating: sizeMask, count: 256)
    for kind in RecordKind.all where kind != .end && kind != .fileName {
      rules[Int(kind.rawValue)] =
        UInt32(kind.minimumSize) | (kind.isEvent ? 1 << eventBit : 0)
    }
    return rules
  }()
}
