import CRecord

/// Rebuilds rings, requests and chains from the stream of records.
///
/// Pure: no clock, no I/O. The same records give the same snapshot, live or replayed.
public struct Aggregator: ~Copyable {
  /// Limits of what is kept.
  public struct Limits: Sendable {
    /// Ended requests kept.
    public var history: Int = 10_000
    /// Events kept for the log.
    public var events: Int = 2_000

    public init() {}
  }

  public init(host: HostDescription, limits: Limits = Limits()) {
    fatalError()
  }

  public var lastEvent: Event? { fatalError() }
  public var totals: Totals { fatalError() }
  public struct Totals { public var submitted: UInt64, completed: UInt64, inFlight: UInt64, rings: UInt64 }

  /// Takes one record. The pointer is to the whole record, `size` bytes, and valid during the call.
  public mutating func consume(_ record: UnsafePointer<record>) {
  }

  /// Moves time on where no record does (live): rates and ages depend on it.
  public mutating func advance(to time: UInt64) {
  }

  /// What is known now.
  public mutating func snapshot() -> Snapshot {
    fatalError()
  }
}
