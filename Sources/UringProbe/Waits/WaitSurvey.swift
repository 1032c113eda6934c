import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Finds the objects that threads and requests wait for, and the threads that could end these
/// waits.
struct WaitSurvey: ~Copyable {
  /// The rings, requests and processes from which one search starts.
  struct Scope {
    /// All observed rings, by address of the `io_ring_ctx`.
    var rings: [UInt64: RingScanner.KnownRing]
    /// Addresses of the rings whose waits are searched for.
    var subjects: [UInt64]
    /// Requests of these rings that an inventory has found in flight.
    var requests: [record_parked] = []
    /// Descriptors of input files (SPLICE, TEE) that requests wait for.
    var descriptors: [WaitableFiles.Descriptor] = []
    /// Further processes to examine: servers of ublk devices.
    var processes: Set<UInt32> = []
  }

  private let object: WaitObject
  private let ringOperations: UInt64
  /// An eventfd of this process. Its `f_op` identifies eventfds among the files that the iterator
  /// reports.
  private let ownEventfd: Int32
  private var last = RecordBuffer()
  private var names = NameResolver()

  init(
    configuration: probe_config, kernel: KernelBTF, ringOperations: UInt64, ownEventfd: Int32
  ) throws(ProbeError) {
    var configuration = configuration
    configuration.ring_operations = ringOperations
    object = try WaitObject(configuration: configuration, kernel: kernel)
    self.ringOperations = ringOperations
    self.ownEventfd = ownEventfd
  }

  /// Searches for waits and writes the result. If nothing has changed since the last search, writes
  /// only a record that confirms the last result.
  mutating func look(_ scope: Scope, into records: inout RecordBuffer) throws(ProbeError) {
    let start = MonotonicClock.now()
    let files = WaitableFiles(
      try object.files(), ownEventfd: ownEventfd, ringOperations: ringOperations)
    var closure = WaitClosure(files: files, tasks: try object.tasks(), rings: scope.rings)
    closure.follow(scope)
    // A thread that ran during the search may have changed the data read about it, so a second list
    // of tasks is compared with the first.
    closure.noteRunners(try object.tasks(), since: start)
    var found = RecordBuffer()
    closure.write(at: 0, into: &found)
    let renews = found.bytes == last.bytes
    records.append(record_wait_look.self, at: start) {
      $0.is_complete = closure.isComplete ? 1 : 0
      $0.renews = renews ? 1 : 0
    }
    guard !renews else { return }
    last = found
    closure.write(at: start, into: &records)
    names.resolve(closure.threadNames, rings: [:], into: &records)
  }

  /// Makes the next search write its whole result.
  mutating func forget() { last = RecordBuffer() }
}
