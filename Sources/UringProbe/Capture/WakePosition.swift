import CBPF
import CProbe
import Glibc

/// Lets the reader sleep until the programs have written a record or have taken a number of chunks.
///
/// The reader sets the position, checks that the programs have not reached it, and sleeps. The program that reaches the
/// position resets it and wakes the reader, through an otherwise unused BPF ring buffer. A program that read the
/// position just before it was set does not wake the reader, and its record may have been invisible to the reader's
/// check. That record is visible long before any sleep of some milliseconds ends, so the first sleep must be short
/// (``ReaderSleep``).
struct WakePosition: ~Copyable {
  private let variables: MappedArray
  private let wakeups: Int32
  /// The ring buffer's positions: read by the programs, and written by them.
  private let consumer: MappedArray
  private let producer: MappedArray

  enum Position: Equatable {
    case nextRecord
    /// Chunks taken since the start.
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

  /// True while the programs have to wake the reader.
  var isSet: Bool { cbpf_load_acquire_u64(variables.address) != 0 }

  /// Sets the position with a full barrier: later loads do not return older values.
  func set(_ position: Position) { cbpf_store_u64(variables.address, position.word) }

  /// The reader is awake.
  func clear() {
    cbpf_store_u64(variables.address, 0)
    // Empties the ring buffer for the next wake-ups.
    cbpf_store_release_u64(consumer.address, cbpf_load_acquire_u64(producer.address))
  }

  /// An epoll descriptor that becomes ready when a program wakes the reader or `other` is readable.
  func makePoll(with other: EventDescriptor) throws(ProbeError) -> Int32 {
    let descriptor = cbpf_epoll(wakeups, other.descriptor)
    guard descriptor >= 0 else {
      throw ProbeError(.system, "cannot wait for records: \(errorText(descriptor))")
    }
    return descriptor
  }
}
