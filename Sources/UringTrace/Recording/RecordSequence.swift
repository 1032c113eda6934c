import CRecord

/// Valid records one after the other in memory.
///
/// The pointers are good while the ``Recording`` they come from lives.
struct RecordSequence: Sequence {
  /// Checked: every record in it is whole and known.
  let bytes: UnsafeRawBufferPointer

  func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  struct Iterator: IteratorProtocol {
    let bytes: UnsafeRawBufferPointer
    /// Of the next record.
    var offset = 0

    /// The next record, without going on to the one after it.
    var peek: UnsafePointer<record>? {
      guard offset < bytes.count else { return nil }
      return (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
    }

    mutating func next() -> UnsafePointer<record>? {
      guard let record = peek else { return nil }
      offset += Int(record.pointee.size)
      return record
    }
  }

  /// How far a stretch of memory holds valid records.
  struct Check {
    /// Bytes of valid records from the start, without the end record.
    var length = 0
    var recordCount: UInt64 = 0
    var eventCount: UInt64 = 0
    /// Smallest and largest time, nanoseconds; 0 without records.
    var firstTime: UInt64 = 0
    var lastTime: UInt64 = 0
    /// The end record, if one was reached.
    var end: record_end?
    var flaw: RecordingFlaw?
  }

  /// Walks `bytes`, which start `base` bytes into the file, as far as records are valid.
  static func check(_ bytes: UnsafeRawBufferPointer, base: Int) -> Check {
    var check = Check()
    while true {
      let remaining = bytes.count - check.length
      guard remaining >= MemoryLayout<record>.size else {
        check.flaw = .cutOff
        return check
      }
      let start = bytes.baseAddress! + check.length
      let head = start.loadUnaligned(as: record.self)
      let size = Int(head.size)
      let minimum = head.kind.minimumSize
      guard minimum > 0, size >= minimum, size.isMultiple(of: 8) else {
        check.flaw = .corrupt(place: UInt64(base + check.length), isLine: false)
        return check
      }
      guard size <= remaining else {
        check.flaw = .cutOff
        return check
      }
      if head.kind == .fileName {
        let length = Int(start.loadUnaligned(as: record_file_name.self).length)
        guard length <= size - minimum else {
          check.flaw = .corrupt(place: UInt64(base + check.length), isLine: false)
          return check
        }
      }
      if head.kind == .end {
        check.end = start.loadUnaligned(as: record_end.self)
        if size != remaining {
          check.flaw = .corrupt(place: UInt64(base + check.length + size), isLine: false)
        }
        return check
      }
      check.length += size
      if head.time_ns != 0 {
        if check.firstTime == 0 || head.time_ns < check.firstTime { check.firstTime = head.time_ns }
        if head.time_ns > check.lastTime { check.lastTime = head.time_ns }
      }
      check.recordCount += 1
      if head.kind.isEvent { check.eventCount += 1 }
    }
  }
}
