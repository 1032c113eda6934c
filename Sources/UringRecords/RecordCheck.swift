import CRecord

/// Checks untrusted records block by block, up to the first invalid record.
///
/// A block is checked right before it is used. Its records are then still in the processor's cache.
public struct RecordCheck: Sendable {
  /// The reason why the bytes from a certain offset on cannot be used.
  public enum Flaw: Hashable, Sendable {
    /// The bytes end without an end record, or within a record.
    case cutOff
    /// No record starts at this offset.
    case corrupt(offset: Int)
  }

  /// Bytes of the valid records checked so far, without the end record.
  public private(set) var length = 0
  public private(set) var recordCount: UInt64 = 0
  public private(set) var eventCount: UInt64 = 0
  /// Smallest time of the records checked so far, in nanoseconds; 0 if none has a time.
  public var firstTime: UInt64 { earliest &+ 1 }
  /// Largest time of the records checked so far, in nanoseconds; 0 if none has a time.
  public private(set) var lastTime: UInt64 = 0
  /// The end record, if it has been reached.
  public private(set) var end: record_end?
  /// The reason why the bytes from ``length`` on cannot be used; nil if there is none. Valid once
  /// ``isComplete`` is true.
  public private(set) var flaw: Flaw?
  /// True if no block follows.
  public private(set) var isComplete = false

  private var bounds = RecordBounds()

  /// Smallest time minus 1. The subtraction wraps, so the time 0 of records without a time becomes
  /// the largest number and does not count.
  private var earliest = UInt64.max

  /// Size of a block in bytes: small enough that the block is still in the cache when it is used,
  /// and large enough that the aggregator's work after each block (its event log) is negligible.
  private let blockSize: Int

  public init(blockSize: Int = 1 << 22) { self.blockSize = blockSize }

  /// Checks all of `bytes`.
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.init()
    while nextBlock(of: bytes) != nil {}
  }

  /// Checks and returns the next block of records; nil if there is none.
  ///
  /// - Parameter bytes: all bytes from the first record on, the same at each call.
  public mutating func nextBlock(of bytes: UnsafeRawBufferPointer) -> RecordBlock? {
    nextBlock(in: UnsafeRawBufferPointer(rebasing: bytes[length...]), isLast: true)
  }

  /// Number of bytes that ``nextBlock(in:isLast:)`` needs: a block and the longest record.
  public var windowSize: Int { blockSize + Int(UInt16.max) }

  /// Checks and returns the next block of records; nil if there is none.
  ///
  /// - Parameters:
  ///   - bytes: the bytes from ``length`` on.
  ///   - isLast: true if no bytes follow `bytes`; if false, `bytes` has ``windowSize`` bytes or
  ///     ends with a whole record.
  public mutating func nextBlock(
    in bytes: UnsafeRawBufferPointer, isLast: Bool
  ) -> RecordBlock? {
    guard !isComplete else { return nil }
    let before = self
    var latest: UInt64 = 0
    var size = pass(over: bytes, isLast: isLast, latest: &latest)
    if latest > RecordBounds.largest {
      // The fast pass compares only the largest time of the block with the bound. That time is too
      // large, so the block is checked again record by record, up to the record with that time.
      self = before
      latest = 0
      size = pass(over: bytes, isLast: isLast, oneByOne: true, latest: &latest)
    }
    if isLast, size >= bytes.count, !isComplete { finish(.cutOff) }
    let start = length
    length += size
    lastTime = max(lastTime, latest)
    guard size > 0 else { return nil }
    return RecordBlock(
      range: start..<length, endRecord: recordCount, firstEvent: before.eventCount,
      endEvent: eventCount, lastTime: latest)
  }

  /// Checks the whole records at the start of `bytes`, which may end within a record. No bytes
  /// after them can be used once ``isComplete`` is true.
  ///
  /// - Parameter bytes: the bytes from ``length`` on.
  /// - Returns: the size in bytes of the valid records, without the end record.
  public mutating func passWhole(_ bytes: UnsafeRawBufferPointer) -> Int {
    let head = MemoryLayout<record>.size
    var whole = 0
    while bytes.count - whole >= head {
      let size = Int(
        bytes.loadUnaligned(fromByteOffset: whole + Self.sizeOffset, as: UInt16.self))
      // The size is invalid: the head of the record is enough for the check to find this.
      guard size >= head else {
        whole += head
        break
      }
      guard bytes.count - whole >= size else { break }
      whole += size
    }
    var size = 0
    while size < whole,
      let block = nextBlock(
        in: UnsafeRawBufferPointer(rebasing: bytes[size..<whole]), isLast: false)
    { size += block.range.count }
    return size
  }

  /// Checks a block of records; returns its size in bytes.
  ///
  /// - Parameters:
  ///   - oneByOne: true to check each record in detail.
  ///   - latest: is raised to the largest time of the records.
  private mutating func pass(
    over bytes: UnsafeRawBufferPointer, isLast: Bool, oneByOne: Bool = false,
    latest: inout UInt64
  ) -> Int {
    let limit = min(bytes.count, blockSize)
    var offset = 0
    Self.rules.withUnsafeBufferPointer { rules in
      while offset < limit, !isComplete {
        if !oneByOne {
          offset = pass(over: bytes, from: offset, to: limit, rules, latest: &latest)
        }
        // The fast pass has stopped at the limit, or at a record that needs a detailed check.
        if offset < limit { passOne(of: bytes, at: &offset, isLast: isLast, latest: &latest) }
      }
    }
    return offset
  }

  /// The fast pass: skips records that are valid without a detailed check. Returns the offset of
  /// the first record that needs one, or of the first at or behind `limit`.
  @inline(__always)
  private mutating func pass(
    over bytes: UnsafeRawBufferPointer, from start: Int, to limit: Int,
    _ rules: UnsafeBufferPointer<Rule>, latest: inout UInt64
  ) -> Int {
    guard let memory = bytes.baseAddress else { return start }
    var (offset, count, events) = (start, UInt64(0), UInt64(0))
    var (early, late) = (earliest, latest)
    // If a record starts before this offset, its whole head is inside `bytes`.
    let end = min(limit, bytes.count - MemoryLayout<record>.size + 1)
    let (sizeOffset, kindOffset) = (Self.sizeOffset, Self.kindOffset)
    while offset < end {
      let head = memory + offset
      let size = UInt32(head.loadUnaligned(fromByteOffset: sizeOffset, as: UInt16.self))
      let rule = rules[Int(head.load(fromByteOffset: kindOffset, as: UInt8.self))]
      guard size &- rule.least <= rule.spread, size & 7 == 0,
        offset &+ Int(size) <= bytes.count
      else { break }
      let time = head.loadUnaligned(as: UInt64.self)
      early = min(early, time &- 1)
      late = max(late, time)
      events &+= UInt64(rule.events)
      count &+= 1
      offset += Int(size)
    }
    (earliest, latest) = (early, late)
    recordCount &+= count
    eventCount &+= events
    return offset
  }

  /// Checks one record in detail: moves `offset` behind it, or sets ``flaw``.
  private mutating func passOne(
    of bytes: UnsafeRawBufferPointer, at offset: inout Int, isLast: Bool, latest: inout UInt64
  ) {
    let remaining = bytes.count - offset
    guard remaining >= MemoryLayout<record>.size else { return finish(.cutOff) }
    let start = bytes.baseAddress! + offset
    let place = length + offset
    let head = start.loadUnaligned(as: record.self)
    let size = Int(head.size)
    let minimum = head.kind.minimumSize
    let corrupt = Flaw.corrupt(offset: place)
    guard minimum > 0, size >= minimum, size.isMultiple(of: 8) else { return finish(corrupt) }
    guard size <= remaining else { return finish(.cutOff) }
    guard bounds.admit(start.assumingMemoryBound(to: record.self)) else { return finish(corrupt) }
    if head.kind == .fileName {
      let length = Int(start.loadUnaligned(as: record_file_name.self).length)
      guard length <= size - minimum else { return finish(corrupt) }
    }
    if head.kind == .end {
      end = start.loadUnaligned(as: record_end.self)
      return finish(
        isLast && size == remaining ? nil : .corrupt(offset: place + size))
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

  /// The sizes that make a record of a kind valid without a detailed check, except for its time.
  private struct Rule {
    /// The valid sizes are `least` to `least + spread`.
    var least: UInt32 = .max
    var spread: UInt32 = 0
    /// 1 if the kind is an event, else 0.
    var events: UInt32 = 0
  }

  /// Rules by number of the kind. For a kind that always needs a detailed check, the rule contains
  /// no size.
  private static let rules: [Rule] = {
    var rules = [Rule](repeating: Rule(), count: 256)
    for kind in RecordKind.all where kind != .end && kind != .fileName {
      guard let plain = RecordBounds.unboundedSizes(of: kind) else { continue }
      rules[Int(kind.rawValue)] = Rule(
        least: UInt32(plain.lowerBound), spread: UInt32(plain.count - 1),
        events: kind.isEvent ? 1 : 0)
    }
    return rules
  }()
}
