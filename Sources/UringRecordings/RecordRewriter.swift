/// Changes records on their way into a copy of a recording.
public protocol RecordRewriter {
  func rewritten(_ header: RecordingHeader) -> RecordingHeader

  /// Nanoseconds, CLOCK_MONOTONIC.
  func rewritten(time: UInt64) -> UInt64

  /// Appends copies of whole records; false if it has no room to remember more.
  mutating func append(_ records: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Bool
}
