/// Consecutive checked records of a recording: their place and their sums. With the sums, most
/// queries need not read the records themselves.
public struct RecordBlock: Sendable {
  /// Range of bytes, counted from the recording's first record.
  public var range: Range<Int>
  /// Number of records in this block and all blocks before it.
  public var endRecord: UInt64
  /// Number of events in all blocks before this one.
  public var firstEvent: UInt64
  /// Number of events in this block and all blocks before it.
  public var endEvent: UInt64
  /// Largest time of a record in the block; 0 if no record has a time.
  public var lastTime: UInt64

  /// True if two blocks, each taken alone, have the same sums: size, number of events and last
  /// time.
  package func isLike(_ other: RecordBlock) -> Bool {
    range.count == other.range.count && endEvent - firstEvent == other.endEvent - other.firstEvent
      && lastTime == other.lastTime
  }
}
