import CRecord

/// A sequence of pointers to consecutive records in memory. The pointers are valid as long as the
/// memory is.
public struct RecordSequence: Sequence {
  /// Bytes that have been checked: every record is complete and of a known kind.
  public let bytes: UnsafeRawBufferPointer

  @inlinable public init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inlinable public func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  public struct Iterator: IteratorProtocol {
    public let bytes: UnsafeRawBufferPointer
    /// Offset of the next record.
    public var offset = 0

    @inlinable public init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inlinable public mutating func next() -> UnsafePointer<record>? {
      guard offset < bytes.count else { return nil }
      let record = (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
      offset += Int(record.pointee.size)
      return record
    }
  }
}

extension RecordSequence {
  /// Calls `body` with the records in pieces, until `body` returns false. A piece has at most
  /// `limit` bytes, or is a single longer record.
  package func forEachPiece(of limit: Int, while body: (UnsafeRawBufferPointer) -> Bool) {
    guard bytes.count > limit else {
      if !bytes.isEmpty { _ = body(bytes) }
      return
    }
    var start = 0
    var end = 0
    for record in self {
      let size = Int(record.pointee.size)
      if end > start, end - start + size > limit {
        guard body(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { return }
        start = end
      }
      end += size
    }
    if end > start { _ = body(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) }
  }
}
