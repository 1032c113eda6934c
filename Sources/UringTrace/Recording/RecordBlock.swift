/// Consecutive records of a recording that have been checked, and their sums, so that most questions
/// need no look at the records themselves.
struct RecordBlock: Sendable {
  /// Bytes, counted from the recording's first record.
  var range: Range<Int>
  /// Events before the block.
  var firstEvent: UInt64
  /// Events before the next block.
  var endEvent: UInt64
  /// Largest time of a record in the block, 0 if none has a time.
  var lastTime: UInt64
}
