/// Consecutive records of a recording that have been checked, and their sums, so that most questions
/// need no look at the records themselves.
public struct RecordBlock: Sendable {
  /// Bytes, counted from the recording's first record.
  public var range: Range<Int>
  /// Records before the next block.
  public var endRecord: UInt64
  /// Events before the block.
  public var firstEvent: UInt64
  /// Events before the next block.
  public var endEvent: UInt64
  /// Largest time of a record in the block, 0 if none has a time.
  public var lastTime: UInt64

  /// Whether its sums are those of another block, apart from what comes before them.
  package func isLike(_ other: RecordBlock) -> Bool {
    range.count == other.range.count && endEvent - firstEvent == other.endEvent - other.firstEvent
      && lastTime == other.lastTime
  }
}
