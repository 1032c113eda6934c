/// What the target did with one I/O, by its own account.
///
/// Times are CLOCK_MONOTONIC nanoseconds, as BPF's, seen from the server: after the completion was
/// reaped, before the request was submitted. 0 is "never".
public struct IORecord: Sendable, Hashable {
  /// Counts from 0 in each queue, in the order of ``fetched``.
  public var number: UInt64
  public var queue: UInt16
  public var tag: UInt16
  public var operation: Operation
  /// In 512-byte sectors, as in the driver's descriptor.
  public var sector: UInt64
  /// Bytes asked for.
  public var length: UInt32
  /// What was committed: bytes, 0 for an operation without data, or a negative errno.
  public var result: Int32 = 0
  /// Slot of the buffer table; nil if no buffer was lent.
  public var slot: UInt16?
  /// The driver registered the buffer by itself.
  public var isAutomatic = false
  public var fault: Fault?
  /// Requests that moved data or did the operation; those for remainders counted.
  public var members: UInt16 = 0
  /// Bytes that the members moved, without gaps from the start.
  public var moved: UInt32 = 0

  /// The FETCH or COMMIT_AND_FETCH completed: the I/O is ours.
  public var fetched: UInt64
  /// The buffer is there: REGISTER_IO_BUF completed, or with the fetch.
  public var registered: UInt64 = 0
  /// The first member was submitted.
  public var issued: UInt64 = 0
  /// The last member completed.
  public var completed: UInt64 = 0
  /// UNREGISTER_IO_BUF completed; 0 also if the driver does it at the commit.
  public var unregistered: UInt64 = 0
  /// COMMIT_AND_FETCH was submitted.
  public var committed: UInt64 = 0
}

/// The last I/Os of a queue.
struct IOLog {
  private(set) var records: [IORecord] = []
  private let capacity: Int
  private var next = 0
  /// All that were ever added.
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
