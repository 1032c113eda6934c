/// The target's log entry of one I/O.
///
/// Times are CLOCK_MONOTONIC nanoseconds, as in BPF, taken by the server: after it reaped the completion, before
/// it submitted the request. 0 means never. A property for each column of the log.
public struct IORecord: Sendable, Hashable {
  /// Number of the I/O within its queue, from 0, in the order of ``fetched``.
  public var number: UInt64
  public var queue: UInt16
  public var tag: UInt16
  public var operation: Operation
  /// In 512-byte sectors, as in the driver's descriptor: the largest number for a flush.
  public var sector: UInt64
  /// Bytes requested.
  public var length: UInt32
  /// The committed result: bytes, 0 for an operation without data, or a negative errno.
  public var result: Int32 = 0
  /// Slot in the buffer table, nil if no buffer was lent.
  public var slot: UInt16?
  /// True if the driver registered the buffer by itself.
  public var isAutomatic = false
  public var fault: Fault?
  /// Number of requests that transferred data or did the operation, those for remainders included.
  public var members: UInt16 = 0
  /// Bytes that the members transferred, counted from the start up to the first gap.
  public var moved: UInt32 = 0

  /// The FETCH or COMMIT_AND_FETCH completed and delivered the I/O.
  public var fetched: UInt64
  /// The buffer was registered: REGISTER_IO_BUF completed, or the fetch with an automatic buffer.
  public var registered: UInt64 = 0
  /// The first member was submitted.
  public var issued: UInt64 = 0
  /// The last member completed.
  public var completed: UInt64 = 0
  /// UNREGISTER_IO_BUF completed. Also 0 if the driver unregisters at the commit.
  public var unregistered: UInt64 = 0
  /// COMMIT_AND_FETCH was submitted.
  public var committed: UInt64 = 0
}

/// The last I/Os of a queue.
struct IOLog {
  private(set) var records: [IORecord] = []
  private let capacity: Int
  private var next = 0
  /// Number of I/Os ever added.
  private(set) var count: UInt64 = 0

  init(capacity: Int) { self.capacity = capacity }

  mutating func append(_ record: IORecord) {
    count += 1
    if records.count < capacity {
      records.append(record)
    } else {
      records[next] = record
      next = next + 1 == capacity ? 0 : next + 1
    }
  }

  /// Oldest first.
  var ordered: [IORecord] { Array(records[next...] + records[..<next]) }
}
