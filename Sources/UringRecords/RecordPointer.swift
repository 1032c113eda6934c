import CRecord

extension UnsafePointer<record> {
  /// The record as a struct. Only for a record whose size was checked for this type.
  @inlinable @inline(__always)
  public func body<T>(as type: T.Type = T.self) -> UnsafePointer<T> {
    UnsafeRawPointer(self).assumingMemoryBound(to: T.self)
  }

  /// Calls `body` with the whole struct; fields beyond the record's end are 0.
  @inlinable @inline(__always)
  public func withWhole<T: RecordBody>(_: T.Type, _ body: (UnsafePointer<T>) -> Void) {
    let size = Int(pointee.size)
    if size >= MemoryLayout<T>.size { return body(self.body()) }
    var whole = T()
    withUnsafeMutableBytes(of: &whole) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: self, count: size))
    }
    body(&whole)
  }

  /// The bytes that follow the struct of the kind.
  public var trailer: UnsafeRawBufferPointer {
    let start = pointee.kind.descriptor?.structSize ?? Int(pointee.size)
    return UnsafeRawBufferPointer(
      start: UnsafeRawPointer(self) + start, count: max(0, Int(pointee.size) - start))
  }
}

extension UnsafePointer<record_complete> {
  /// The longer record that is written for a request without a recorded submission.
  @inlinable @inline(__always)
  public var unseen: UnsafePointer<record_complete_unseen>? {
    guard pointee.base.size >= MemoryLayout<record_complete_unseen>.size else { return nil }
    return UnsafeRawPointer(self).assumingMemoryBound(to: record_complete_unseen.self)
  }
}
