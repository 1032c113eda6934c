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

    @inlinable public mutating func next() -> UnsafePointer<record>? {
      guard offset < bytes.count else { return nil }
      let record = (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
      offset += Int(record.pointee.size)
      return record
    }
  }
}
