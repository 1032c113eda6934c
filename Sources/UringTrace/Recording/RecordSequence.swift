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

    mutating func next() -> UnsafePointer<record>? {
      guard offset < bytes.count else { return nil }
      let record = (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
      offset += Int(record.pointee.size)
      return record
    }
  }
}
