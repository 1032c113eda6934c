/// Takes the records as they come: a recording, a stream of JSON lines.
public protocol RecordSink: AnyObject, Sendable {
  /// Takes whole records, one after another, valid during the call. Called by the session's thread,
  /// every few milliseconds when there is something: while it runs nothing is read, so it must not
  /// wait for a slow disk. An error ends the sink's part: it is called no more.
  func consume(_ records: UnsafeRawBufferPointer) throws

  /// Records that the sink itself had to give up since the last call, because its output was stalled.
  func takeLostCount() -> UInt64
}

extension RecordSink {
  public func takeLostCount() -> UInt64 { 0 }
}
