import CBPF
import CProbe
import Glibc

/// Lets the reader thread sleep until the BPF programs have written a record or taken a number of
/// chunks.
///
/// The reader sets the position, checks that the programs have not reached it, and sleeps. The
/// program that reaches the position resets it and wakes the reader through a BPF ring buffer that
/// carries no data.
///
/// A wake-up can be missed: a program that read the position just before the reader set it does not
/// wake the reader, and the reader's check may not see that program's record yet. The record
/// becomes visible within a few milliseconds. So the first sleep of a silence must be short
/// (``ReaderSleep``); the check after it sees the record.
struct WakePosition: ~Copyable {
  private let variables: MappedArray
  private let wakeups: Int32
  /// Consumer and producer positions of the BPF ring buffer. The reader writes the consumer
  /// position, the programs write the producer position.
  private let consumer: MappedArray
  private let producer: MappedArray

  enum Position: Equatable {
    case nextRecord
    /// A value of the count of chunks taken since the start.
    case takenChunks(UInt64)

    var word: UInt64 {
      switch self {
      case .nextRecord: UInt64(PROBE_WAKE_AT_RECORD)
      case .takenChunks(let count): max(UInt64(PROBE_WAKE_AT_RECORD) + 1, count)
      }
    }
  }

  init(descriptor: Int32, wakeups: Int32) throws(ProbeError) {
    let page = Int(getpagesize())
    let variables = try MappedArray(descriptor: descriptor, size: 8)
    let consumer = try MappedArray(descriptor: wakeups, size: page)
    let producer = try MappedArray(
      descriptor: wakeups, size: page, offset: page, isReadOnly: true)
    self.variables = variables
    self.wakeups = wakeups
    self.consumer = consumer
    self.producer = producer
  }

  /// True while a program that reaches the position must wake the reader.
  var isSet: Bool { cbpf_load_acquire_u64(variables.address) != 0 }

  /// Sets the position with a full barrier, so that later loads do not return values from before
  /// the barrier.
  func set(_ position: Position) { cbpf_store_u64(variables.address, position.word) }

  /// Resets the position when the reader is awake, so that no program wakes it.
  func clear() {
    cbpf_store_u64(variables.address, 0)
    // Empties the BPF ring buffer, so that it has room for the next wake-up.
    cbpf_store_release_u64(consumer.address, cbpf_load_acquire_u64(producer.address))
  }

  /// Returns a new epoll descriptor, ready when a program wakes the reader or `other` is readable.
  func makePoll(with other: EventDescriptor) throws(ProbeError) -> Int32 {
    let descriptor = cbpf_epoll(wakeups, other.descriptor)
    guard descriptor >= 0 else {
      throw ProbeError(.system, "cannot wait for records: \(errorText(descriptor))")
    }
    return descriptor
  }
}
