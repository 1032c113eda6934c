import CRecord
import UringRecords

/// Results of the last scan of waits: the `wait_look` record and the records that follow it.
struct WaitTracker {
  private(set) var facts = WaitFacts()
  /// io-wq worker pools by process.
  private(set) var pools: [UInt32: WorkerPool] = [:]

  /// Maximum number of entries in each list: more than a single scan writes.
  private static let limit = 1 << 16
  private static let mostPools = 1024

  mutating func workerPool(
    _ record: UnsafePointer<record_worker_pool>, processors: String, programProcessors: String
  ) {
    let tgid = record.pointee.tgid
    let (workers, idle) = (record.pointee.workers, record.pointee.idle)
    guard workers > 0 else {
      pools[tgid] = nil
      return
    }
    guard pools[tgid] != nil || pools.count < Self.mostPools else { return }
    let isIdle = UInt64(idle) * 4 >= UInt64(workers) * 3
    let earlier = pools[tgid]?.idleSince ?? 0
    pools[tgid] = WorkerPool(
      tgid: tgid, workers: workers, idle: idle,
      idleSince: isIdle ? earlier == 0 ? record.pointee.base.time_ns : earlier : 0,
      processors: processors, programProcessors: programProcessors)
  }

  mutating func look(_ record: UnsafePointer<record_wait_look>) {
    if record.pointee.renews == 0 { facts = WaitFacts() }
    facts.time = record.pointee.base.time_ns
    facts.isComplete = record.pointee.is_complete != 0
  }

  /// - Parameter ring: the ring that the thread waits on; nil if there is none or it is unknown.
  mutating func threadState(
    _ record: UnsafePointer<record_thread_state>, call: String, ring: Ring.ID?
  ) {
    guard facts.threads.count < Self.limit else { return }
    let wait: ThreadState.Wait =
      switch record.pointee.wait {
      case .runs: .runs
      case .timed: .timed
      case .stopped: .stopped
      case .ended: .ended
      case .read: .reads
      case .write: .writes
      case .cqes: .cqes(ring)
      case .futex: .futex(record.pointee.address)
      case .process: .process(record.pointee.other)
      default: .unknown
      }
    var thread = ThreadState(
      tid: record.pointee.base.tid, tgid: record.pointee.tgid, wait: wait,
      since: record.pointee.since_ns)
    let lines = call.split(separator: "\n", maxSplits: 1)
    thread.isWorker = record.pointee.role != 0
    thread.state = Unicode.Scalar(record.pointee.state)
    thread.call = lines.first.map(String.init) ?? ""
    thread.function = lines.count > 1 ? String(lines[1]) : ""
    thread.fd = record.pointee.fd < 0 ? nil : record.pointee.fd
    thread.signals = record.pointee.signals
    facts.threads.append(thread)
  }

  mutating func openFile(
    _ record: UnsafePointer<record_open_file>, addresses: String, ring: Ring.ID?
  ) {
    let kind: OpenFile.Kind
    switch record.pointee.kind {
    case .pipe: kind = .pipe
    case .socket: kind = .socket
    case .eventfd: kind = .eventfd
    case .ring: kind = .ring
    default: return
    }
    guard facts.files.count < Self.limit else { return }
    var file = OpenFile(
      tgid: record.pointee.tgid, fd: record.pointee.fd, kind: kind, file: record.pointee.file,
      inode: record.pointee.inode)
    file.peerInode = record.pointee.peer_inode
    file.references = record.pointee.references
    file.canRead = record.pointee.can_read != 0
    file.canWrite = record.pointee.can_write != 0
    file.readers = record.pointee.readers
    file.writers = record.pointee.writers
    file.pending = record.pointee.pending
    file.queued = record.pointee.queued
    file.capacity = record.pointee.capacity
    file.kernelUsers = record.pointee.kernel_users
    file.addresses = addresses
    file.ring = ring
    facts.files.append(file)
  }

  mutating func streamQueues(_ record: UnsafePointer<record_stream_queues>) {
    let queues = StreamQueues(
      sendQueue: record.pointee.send_queue, window: record.pointee.window,
      unread: record.pointee.unread)
    // The `open_file` records of the socket's descriptors arrived just before this record, so they
    // are at the end of the list.
    for index in facts.files.indices.reversed() {
      guard facts.files[index].kind == .socket, facts.files[index].inode == record.pointee.inode
      else { return }
      facts.files[index].stream = queues
    }
  }

  mutating func futexWord(_ record: UnsafePointer<record_futex_word>) {
    guard facts.futexes.count < Self.limit else { return }
    facts.futexes.append(
      FutexWord(
        tgid: record.pointee.tgid, address: record.pointee.address, value: record.pointee.value,
        isPrivate: record.pointee.is_private != 0, owner: record.pointee.owner))
  }
}
