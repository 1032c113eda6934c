/// The target's log entry for one I/O.
///
/// Times are nanoseconds of CLOCK_MONOTONIC, as in the BPF programs; 0 if the step did not happen.
/// The server takes the time of a completion after it has reaped the CQE, and the time of a request
/// before it submits the request. The struct has a property for each column of the log.
public struct IORecord: Sendable, Hashable {
  /// Number of the I/O within its queue, from 0, in the order of ``fetched``.
  public var number: UInt64
  public var queue: UInt16
  public var tag: UInt16
  public var operation: Operation
  /// Start of the I/O in 512-byte sectors, as in the driver's descriptor. The largest number for a
  /// flush.
  public var sector: UInt64
  /// Bytes requested.
  public var length: UInt32
  /// The committed result: bytes, 0 for an operation without data, or a negative errno.
  public var result: Int32 = 0
  /// The buffer's slot in the ring's buffer table. Nil if no buffer was lent.
  public var slot: UInt16?
  /// True if the driver registered the buffer automatically.
  public var isAutomatic = false
  public var fault: Fault?
  /// Number of requests that transferred data or executed the operation, including repeated
  /// requests for the rest after a short result.
  public var members: UInt16 = 0
  /// Bytes that the members (these requests) transferred, counted from the start of the I/O up to
  /// the first gap.
  public var moved: UInt32 = 0

  /// When the FETCH or COMMIT_AND_FETCH completed and so delivered the I/O.
  public var fetched: UInt64
  /// When the buffer was registered: REGISTER_IO_BUF completed, or the fetch completed with an
  /// automatically registered buffer.
  public var registered: UInt64 = 0
  /// When the first member was submitted.
  public var issued: UInt64 = 0
  /// When the last member completed.
  public var completed: UInt64 = 0
  /// When UNREGISTER_IO_BUF completed. Also 0 if the driver unregisters the buffer at the commit.
  public var unregistered: UInt64 = 0
  /// When COMMIT_AND_FETCH was submitted.
  public var committed: UInt64 = 0
}

/// The log of the last I/Os of a queue.
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

  /// The I/Os, oldest first.
  var ordered: [IORecord] { Array(records[next...] + records[..<next]) }
}
