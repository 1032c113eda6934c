/// Changes records while a recording is copied.
public protocol RecordRewriter {
  func rewritten(_ header: RecordingHeader) -> RecordingHeader

  /// Converts a time of the recording to the time in the copy. Nanoseconds, CLOCK_MONOTONIC.
  func rewritten(time: UInt64) -> UInt64

  /// Appends rewritten copies of whole records. Returns false if the table of substitutes (names
  /// and addresses with their replacements) is full.
  mutating func append(_ records: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Bool
}
