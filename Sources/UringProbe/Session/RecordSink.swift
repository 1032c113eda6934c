/// Receives records as they arrive: a recording, a stream of JSON lines.
public protocol RecordSink: AnyObject, Sendable {
  /// Takes whole records, one after another, valid during the call. The session's thread calls it every few
  /// milliseconds while records arrive. Nothing is read during the call, so it must not wait for a slow disk. After
  /// an error the sink is not called again.
  func consume(_ records: UnsafeRawBufferPointer) throws

  /// Records that the sink has dropped since the last call because its output was stalled.
  func takeLostCount() -> UInt64
}

extension RecordSink {
  public func takeLostCount() -> UInt64 { 0 }
}
