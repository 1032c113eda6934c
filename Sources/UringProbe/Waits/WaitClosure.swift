import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// The transitive closure of waits: all threads, descriptors and futexes that a stalled ring or
/// request depends on.
///
/// The search starts at rings and requests that make no progress. It continues with the threads
/// that could wake them, and then with the objects that these threads wait for themselves.
struct WaitClosure {
  private let files: WaitableFiles
  private let rings: [UInt64: RingScanner.KnownRing]
  private var tasks: [UInt32: [probe_task]] = [:]
  private(set) var isComplete = true

  private var queue: [UInt32] = []
  private var processes: [UInt32: UInt64] = [:]
  private var threads: [UInt32: Thread] = [:]
  private var identities: [WaitableFiles.Identity] = []
  private var isReached: Set<WaitableFiles.Identity> = []
  private var futexes: [Futex: record_futex_word] = [:]

  private struct Thread {
    var task: probe_task
    var look: ThreadLook
    var ring: UInt64 = 0
    var hasRun = false
  }

  private struct Futex: Hashable {
    var tgid: UInt32
    var address: UInt64
  }

  private static let mostProcesses = 256
  private static let mostDetailedThreads = 256
  private static let mostFiles = 1024

  init(
    files: WaitableFiles, tasks: [probe_task], rings: [UInt64: RingScanner.KnownRing]
  ) {
    self.files = files
    self.rings = rings
    for task in tasks where task.tid != 0 { self.tasks[task.tgid, default: []].append(task) }
  }

  var threadNames: [NameResolver.Subject] {
    threads.values.filter { !$0.look.isWorker }.map {
      .thread(tid: $0.task.tid, tgid: $0.task.tgid)
    }
  }

  // MARK: Reaching

  mutating func follow(_ scope: WaitSurvey.Scope) {
    for process in scope.processes.sorted() { reach(process: process) }
    for ring in scope.subjects.sorted() {
      for holder in rings[ring]?.holders ?? [] { reach(process: holder.tgid) }
      reach(.ring(ring))
    }
    for request in scope.requests { follow(request) }
    let busy = Set(scope.requests.map(\.base.ctx))
    for ring in scope.subjects where !busy.contains(ring) {
      for holder in rings[ring]?.holders ?? [] { reachEventfds(of: holder.tgid) }
    }
    for descriptor in scope.descriptors { reach(descriptor) }
    while let process = queue.popLast() { look(at: process) }
  }

  private mutating func follow(_ request: record_parked) {
    reach(process: request.tgid)
    switch request.place {
    case .futex: reach(futex: request.addr, of: request.tgid)
    case .waitid: if request.fd > 0 { reach(process: UInt32(request.fd)) }
    case .poll, .workRunning, .network:
      if request.file.file != 0 {
        reach(files[request.file.file])
      } else if request.known & UInt8(RECORD_KNOWS_FD) != 0, request.flags & 1 == 0 {
        reach(.init(tgid: request.tgid, fd: request.fd))
      }
    default: break
    }
  }

  private mutating func reach(process: UInt32) {
    guard process != 0, processes[process] == nil else { return }
    guard processes.count < Self.mostProcesses else {
      isComplete = false
      return
    }
    processes[process] = 0
    queue.append(process)
  }

  /// Adds the file behind a descriptor and, for a socket, the socket at the other end.
  private mutating func reach(_ descriptor: WaitableFiles.Descriptor) {
    reach(files[descriptor])
  }

  private mutating func reach(_ file: probe_open_file?) {
    guard let file, let identity = files.identity(of: file) else { return }
    reach(identity)
    let peer = files.peerInode(of: file)
    if case .socket = identity, peer != 0 { reach(.socket(peer)) }
  }

  private mutating func reach(_ identity: WaitableFiles.Identity) {
    guard isReached.insert(identity).inserted else { return }
    guard identities.count < Self.mostFiles else {
      isComplete = false
      return
    }
    identities.append(identity)
    for file in files.descriptors(of: identity) { reach(process: file.tgid) }
  }

  /// Adds the eventfds of a process whose ring has nothing in flight: one of them may be meant to
  /// wake the thread that waits on the ring.
  private mutating func reachEventfds(of tgid: UInt32) {
    for identity in files.eventfds(of: tgid).prefix(8) { reach(identity) }
  }

  private mutating func reach(futex address: UInt64, of tgid: UInt32) {
    let memory = ProcessMemory(tgid)
    guard futexes[Futex(tgid: tgid, address: address)] == nil,
      let word = memory.words(at: address, count: 1)?.first
    else { return }
    var record = record_futex_word()
    record.address = address
    record.tgid = tgid
    record.value = word
    record.is_private = memory.isPrivate(address) == true ? 1 : 0
    // The words may be glibc's struct __pthread_mutex_s: lock, count, owner. The lock is 2 if it is
    // held and other threads wait for it.
    if word == 2, let mutex = memory.words(at: address, count: 3),
      (tasks[tgid] ?? []).contains(where: { $0.tid == mutex[2] })
    {
      record.owner = mutex[2]
    }
    futexes[Futex(tgid: tgid, address: address)] = record
  }

  private mutating func look(at process: UInt32) {
    let status = Procfs.text("/proc/\(process)/status")
    processes[process] =
      status.flatMap { Procfs.field("SigCgt", of: $0, radix: 16) } ?? .max
    for (position, task) in (tasks[process] ?? []).enumerated() {
      let look = ThreadLook(task, isDetailed: position < Self.mostDetailedThreads)
      threads[task.tid] = Thread(task: task, look: look, ring: ring(of: look, task))
      switch look.wait {
      case .read, .write: reach(.init(tgid: process, fd: look.fd))
      case .futex: reach(futex: look.address, of: process)
      case .process: reach(process: look.other)
      case .unknown where look.fd >= 0: reach(.init(tgid: process, fd: look.fd))
      default: break
      }
    }
  }

  /// Returns the observed ring for whose CQEs a thread waits; 0 if it waits on none.
  private func ring(of look: ThreadLook, _ task: probe_task) -> UInt64 {
    guard look.wait == .cqes || look.wait == .timed else { return 0 }
    if look.fd >= 0, let file = files[.init(tgid: task.tgid, fd: look.fd)],
      case .ring(let ring)? = files.identity(of: file)
    {
      return rings[ring] == nil ? 0 : ring
    }
    return rings.first { $0.value.sighting.waiter_tid == task.tid }?.key ?? 0
  }

  /// Marks the threads that have run since `start`, according to a second list of tasks: the data
  /// read about them may be outdated.
  mutating func noteRunners(_ tasks: [probe_task], since start: UInt64) {
    var unseen = Set(threads.keys)
    for task in tasks {
      unseen.remove(task.tid)
      if let thread = threads[task.tid] {
        threads[task.tid]!.hasRun =
          task.ran_ns > start || (task.ran_ns == 0) != (thread.task.ran_ns == 0)
      } else if processes[task.tgid] != nil, self.tasks[task.tgid] != nil {
        // A new thread of a process that was already examined: its waits are not in the closure.
        isComplete = false
      }
    }
    for thread in unseen { threads[thread]!.hasRun = true }
  }

  // MARK: Records

  func write(at time: UInt64, into records: inout RecordBuffer) {
    for tid in threads.keys.sorted() { write(threads[tid]!, at: time, into: &records) }
    for identity in identities {
      let descriptors = files.descriptors(of: identity)
      for file in descriptors { write(file, identity, at: time, into: &records) }
      if let file = descriptors.first, file.is_tcp != 0 {
        records.append(record_stream_queues.self, at: time) {
          $0.inode = file.inode
          $0.send_queue = file.send_queue
          $0.window = file.window
          $0.unread = file.unread
        }
      }
    }
    for futex in futexes.keys.sorted(by: { ($0.tgid, $0.address) < ($1.tgid, $1.address) }) {
      let word = futexes[futex]!
      records.append(record_futex_word.self, at: time) {
        let base = $0.base
        $0 = word
        $0.base = base
      }
    }
  }

  private func write(_ thread: Thread, at time: UInt64, into records: inout RecordBuffer) {
    let text = Array(thread.look.call.utf8.prefix(256))
    records.append(record_thread_state.self, at: time, ring: thread.ring, text: text) {
      $0.base.tid = thread.task.tid
      // Rounded down to 100 ms: the value varies by a tick, but must not change while the thread
      // sleeps.
      $0.since_ns = thread.task.ran_ns / 100_000_000 * 100_000_000
      $0.address = thread.look.address
      $0.signals = processes[thread.task.tgid] ?? .max
      $0.tgid = thread.task.tgid
      $0.other = thread.look.other
      $0.fd = thread.look.fd
      $0.length = UInt32(text.count)
      $0.wait = thread.hasRun && thread.look.wait != .ended ? .runs : thread.look.wait
      $0.state = thread.look.state
      $0.role = thread.look.isWorker ? 1 : 0
    }
  }

  /// Returns the observed ring that signals an eventfd when it posts a CQE; 0 if none does.
  private func signaller(of context: UInt64) -> UInt64 {
    rings.filter { $0.value.sighting.eventfd_context == context }.keys.min() ?? 0
  }

  private func write(
    _ file: probe_open_file, _ identity: WaitableFiles.Identity, at time: UInt64,
    into records: inout RecordBuffer
  ) {
    let text = Array(WaitableFiles.addresses(of: file).utf8)
    var ring = rings[file.table] == nil ? 0 : file.table
    let kind: WaitableKind
    switch identity {
    case .pipe: kind = .pipe
    case .socket: kind = .socket
    case .eventfd(let context):
      kind = .eventfd
      if file.fd >= 0 { ring = signaller(of: context) }
    case .ring(let address):
      kind = .ring
      ring = rings[address] == nil ? 0 : address
    }
    records.append(record_open_file.self, at: time, ring: ring, text: text) {
      $0.file = file.file
      $0.inode = kind == .pipe || kind == .socket ? file.inode : 0
      $0.peer_inode = kind == .socket ? files.peerInode(of: file) : 0
      // For a file found by its descriptor, the count includes the iterator's own reference.
      $0.references = file.fd < 0 ? file.references : file.references - 1
      $0.tgid = file.tgid
      $0.fd = file.fd
      $0.readers = file.readers
      $0.writers = file.writers
      $0.pending = file.pending
      $0.queued = file.queued
      $0.capacity = file.capacity
      $0.kernel_users = kind == .eventfd ? file.kernel_users : 0
      $0.length = UInt32(text.count)
      $0.can_read = file.mode & 1 != 0 ? 1 : 0
      $0.can_write = file.mode & 2 != 0 ? 1 : 0
      $0.kind = kind
    }
  }
}
