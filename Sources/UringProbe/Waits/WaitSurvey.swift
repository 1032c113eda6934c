import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Finds what threads and requests wait for, and who could end those waits.
struct WaitSurvey: ~Copyable {
  /// The subjects of one look.
  struct Scope {
    /// Rings in view.
    var rings: [UInt64: RingScanner.KnownRing]
    /// The rings that the look is about.
    var subjects: [UInt64]
    /// Requests found in flight.
    var requests: [record_parked] = []
    /// Descriptors of further files that requests wait for.
    var descriptors: [WaitableFiles.Descriptor] = []
    /// Processes of interest besides those of the rings and requests.
    var processes: Set<UInt32> = []
  }

  private let object: WaitObject
  private let ringOperations: UInt64
  /// An eventfd of this process, which identifies eventfds.
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

  /// Takes a look and writes its result, or only the time if nothing has changed.
  mutating func look(_ scope: Scope, into records: inout RecordBuffer) throws(ProbeError) {
    let start = MonotonicClock.now()
    let files = WaitableFiles(
      try object.files(), ownEventfd: ownEventfd, ringOperations: ringOperations)
    var closure = WaitClosure(files: files, tasks: try object.tasks(), rings: scope.rings)
    closure.follow(scope)
    // Threads that ran meanwhile may have changed facts read before.
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

  /// Makes the next look write its result in full.
  mutating func forget() { last = RecordBuffer() }
}
