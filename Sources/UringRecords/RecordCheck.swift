import CRecord

/// Checks untrusted bytes block by block, up to the first invalid record.
///
/// A block is checked right before it is used, so that its records are loaded from memory only once.
public struct RecordCheck: Sendable {
  /// The reason why the rest is not valid.
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
  /// True if no block follows.
  public private(set) var isComplete = false

  private var bounds = RecordBounds()

  /// Smallest time minus 1, with wraparound, so that the time 0 of a record without a time becomes the largest number.
  private var earliest = UInt64.max

  /// Bytes of a block: few enough to stay in the cache until the block is used, and enough to make the
  /// aggregator's work at the end of each run (its event log) negligible.
  private let blockSize: Int

  public init(blockSize: Int = 1 << 22) { self.blockSize = blockSize }

  /// Checks all of `bytes`.
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.init()
    while nextBlock(of: bytes) != nil {}
  }

  /// Checks the next block of records; nil if there is none.
  ///
  /// - Parameter bytes: all bytes, the same at each call.
  public mutating func nextBlock(of bytes: UnsafeRawBufferPointer) -> RecordBlock? {
    nextBlock(in: UnsafeRawBufferPointer(rebasing: bytes[length...]), isLast: true)
  }

  /// Bytes that ``nextBlock(in:isLast:)`` needs.
  public var windowSize: Int { blockSize + Int(UInt16.max) }

  /// Checks the next block of records; nil if there is none.
  ///
  /// - Parameters:
  ///   - bytes: the bytes from ``length`` on.
  ///   - isLast: true if no bytes follow; if false, `bytes` has ``windowSize`` bytes.
  public mutating func nextBlock(
    in bytes: UnsafeRawBufferPointer, isLast: Bool
  ) -> RecordBlock? {
    guard !isComplete else { return nil }
    let before = self
    var latest: UInt64 = 0
    var size = pass(over: bytes, isLast: isLast, latest: &latest)
    if latest > RecordBounds.largest {
      // Times are checked only once for the whole block. One is too large: check record by record to find it.
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

  /// Checks the whole records at the start of bytes that others may follow. Once ``isComplete`` no more follow.
  ///
  /// - Parameter bytes: the bytes from ``length`` on.
  /// - Returns: the size of the valid records, without the end record.
  public mutating func passWhole(_ bytes: UnsafeRawBufferPointer) -> Int {
    let head = MemoryLayout<record>.size
    var whole = 0
    while bytes.count - whole >= head {
      let size = Int(
        bytes.loadUnaligned(fromByteOffset: whole + Self.sizeOffset, as: UInt16.self))
      // The check finds the flaw in what begins the record.
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

  /// Passes over a block; returns its size.
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
        // The pass stopped at the limit, or at a record that needs a detailed check.
        if offset < limit { passOne(of: bytes, at: &offset, isLast: isLast, latest: &latest) }
      }
    }
    return offset
  }

  /// Passes over records that are valid without a detailed check; returns the offset of the first that is not.
  @inline(__always)
  private mutating func pass(
    over bytes: UnsafeRawBufferPointer, from start: Int, to limit: Int,
    _ rules: UnsafeBufferPointer<Rule>, latest: inout UInt64
  ) -> Int {
    guard let memory = bytes.baseAddress else { return start }
    var (offset, count, events) = (start, UInt64(0), UInt64(0))
    var (early, late) = (earliest, latest)
    // The head of a record that begins before this offset is entirely inside `bytes`.
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

  /// Passes over one record, or determines its flaw.
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

  /// The sizes at which a record of a kind is valid without a detailed check.
  private struct Rule {
    /// Sizes from `least` to `least + spread`.
    var least: UInt32 = .max
    var spread: UInt32 = 0
    /// 1 if the kind is an event.
    var events: UInt32 = 0
  }

  /// Sizes by number of the kind. For kinds that need a detailed check, no size is plainly valid.
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
