import CRecord

/// Valid records one after the other in memory.
///
/// The pointers are valid while the memory is.
public struct RecordSequence: Sequence {
  /// Checked: every record in it is whole and known.
  public let bytes: UnsafeRawBufferPointer

  @inlinable public init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inlinable public func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  public struct Iterator: IteratorProtocol {
    public let bytes: UnsafeRawBufferPointer
    /// Of the next record.
    public var offset = 0

    @inlinable public init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next record; does not advance.
    @inlinable public var peek: UnsafePointer<record>? {
      guard offset < bytes.count else { return nil }
      return (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
    }

    @inlinable public mutating func next() -> UnsafePointer<record>? {
      guard let record = peek else { return nil }
      offset += Int(record.pointee.size)
      return record
    }
  }
}

/// How far memory holds valid records.
public struct RecordCheck {
  /// Why the rest is not valid.
  public enum Flaw: Hashable, Sendable {
    /// It ends without an end record, or within a record.
    case cutOff
    /// No record starts at this offset.
    case corrupt(offset: Int)
  }

  /// Bytes of valid records from the start, without the end record.
  public var length = 0
  public var recordCount: UInt64 = 0
  public var eventCount: UInt64 = 0
  /// Smallest and largest time, nanoseconds; 0 without records.
  public var firstTime: UInt64 = 0
  public var lastTime: UInt64 = 0
  /// The end record, if one was reached.
  public var end: record_end?
  public var flaw: Flaw?

  /// Walks `bytes` as far as records are valid.
  public init(_ bytes: UnsafeRawBufferPointer) {
    while true {
      let remaining = bytes.count - length
      guard remaining >= MemoryLayout<record>.size else {
        flaw = .cutOff
        return
      }
      let start = bytes.baseAddress! + length
      let head = start.loadUnaligned(as: record.self)
      let size = Int(head.size)
      let minimum = head.kind.minimumSize
      guard minimum > 0, size >= minimum, size.isMultiple(of: 8) else {
        flaw = .corrupt(offset: length)
        return
      }
      guard size <= remaining else {
        flaw = .cutOff
        return
      }
      if head.kind == .fileName {
        let textLength = Int(start.loadUnaligned(as: record_file_name.self).length)
        guard textLength <= size - minimum else {
          flaw = .corrupt(offset: length)
          return
        }
      }
      if head.kind == .end {
        end = start.loadUnaligned(as: record_end.self)
        if size != remaining {
          flaw = .corrupt(offset: length + size)
        }
        return
      }
      length += size
      if head.time_ns != 0 {
        if firstTime == 0 || head.time_ns < firstTime { firstTime = head.time_ns }
        if head.time_ns > lastTime { lastTime = head.time_ns }
      }
      recordCount += 1
      if head.kind.isEvent { eventCount += 1 }
    }
  }
}
