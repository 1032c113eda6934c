/// Changes records while a recording is copied.
public protocol RecordRewriter {
  func rewritten(_ header: RecordingHeader) -> RecordingHeader

  /// The time in the copy: nanoseconds, CLOCK_MONOTONIC.
  func rewritten(time: UInt64) -> UInt64

  /// Appends copies of whole records; false if its table of substitutes is full.
  mutating func append(_ records: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Bool
}
