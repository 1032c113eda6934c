import CRecord

/// One record with what it means in the model: a line of the event log.
public struct Event: Sendable {
  public var time: UInt64
  public var kind: RecordKind
  /// 0 where the event names none.
  public var ring: Ring.ID
  public var request: Request.ID
  public var opcode: Opcode
  public var userData: UInt64
  public var tid: UInt32
  /// By kind: result, error, poll mask, count, fd.
  public var value: Int64
}
