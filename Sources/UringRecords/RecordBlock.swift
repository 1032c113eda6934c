/// Consecutive checked records of a recording, and their sums, so that most queries need not read the
/// records themselves.
public struct RecordBlock: Sendable {
  /// Range of bytes, counted from the recording's first record.
  public var range: Range<Int>
  /// Number of records before the next block.
  public var endRecord: UInt64
  /// Number of events before the block.
  public var firstEvent: UInt64
  /// Number of events before the next block.
  public var endEvent: UInt64
  /// Largest time of a record in the block, 0 if none has a time.
  public var lastTime: UInt64

  /// True if the block's own sums equal those of another block, regardless of the records before each block.
  package func isLike(_ other: RecordBlock) -> Bool {
    range.count == other.range.count && endEvent - firstEvent == other.endEvent - other.firstEvent
      && lastTime == other.lastTime
  }
}
