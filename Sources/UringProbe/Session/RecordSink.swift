/// A consumer of records as they arrive, such as a recording file or a stream of JSON lines.
public protocol RecordSink: AnyObject, Sendable {
  /// Takes whole, consecutive records; their memory is valid only during the call.
  ///
  /// The session's reader thread calls this method every few milliseconds while records arrive. The
  /// thread reads no records during the call, so the call must not wait for a slow disk. After an
  /// error the session does not call the sink again.
  func consume(_ records: UnsafeRawBufferPointer) throws

  /// Returns the number of records dropped since the last call because the sink's output stalled.
  func takeLostCount() -> UInt64
}

extension RecordSink {
  public func takeLostCount() -> UInt64 { 0 }
}
