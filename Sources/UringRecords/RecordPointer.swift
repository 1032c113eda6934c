import CRecord

extension UnsafePointer<record> {
  /// Returns the record as a struct. The record must be at least as long as the struct.
  @inlinable @inline(__always)
  public func body<T>(as type: T.Type = T.self) -> UnsafePointer<T> {
    UnsafeRawPointer(self).assumingMemoryBound(to: T.self)
  }

  /// Calls `body` with the record as a whole struct. If the record is shorter, `body` receives a
  /// copy in which the missing fields are 0.
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

  /// The bytes of the record that follow its struct.
  public var trailer: UnsafeRawBufferPointer {
    let start = pointee.kind.descriptor?.structSize ?? Int(pointee.size)
    return UnsafeRawBufferPointer(
      start: UnsafeRawPointer(self) + start, count: max(0, Int(pointee.size) - start))
  }
}

extension UnsafePointer<record_complete> {
  /// The record as the longer struct that is written if the request's submission has no record; nil
  /// if this record is not longer.
  @inlinable @inline(__always)
  public var unseen: UnsafePointer<record_complete_unseen>? {
    guard pointee.base.size >= MemoryLayout<record_complete_unseen>.size else { return nil }
    return UnsafeRawPointer(self).assumingMemoryBound(to: record_complete_unseen.self)
  }
}
