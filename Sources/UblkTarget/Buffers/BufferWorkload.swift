import CURing
import Glibc
import Synchronization
import UringBase
import UringTrace

/// A workload that uses buffer groups without ublk: reads and writes of a file with registered
/// buffers, and zero-copy sends to the same process. It is the fallback where there is no ublk
/// driver.
///
/// Each slot has one registered buffer. Even slots write the buffer to a file and read it back. Odd
/// slots send the buffer over the loopback network and compare the data that arrive.
public final class BufferWorkload: Workload {
  private let configuration: Configuration
  private let report: QueueReport
  private let load: Load.Shared
  private let backing: BackingFile
  private let startTime = MonotonicClock.now()
  private let thread: Mutex<WorkerThread?>

  public init(_ configuration: Configuration) throws(TargetError) {
    try configuration.validate()
    guard configuration.injections.isEmpty else {
      throw TargetError(.invalid, "faults are made in the ublk target only")
    }
    var configuration = configuration
    // With a null backing no request would use a buffer.
    if configuration.backing == .null { configuration.backing = .memory }
    self.configuration = configuration
    let backing = try BackingFile(configuration)
    let report = QueueReport(queue: 0, configuration: configuration)
    let load = Load.Shared()
    let file = backing.descriptor!
    self.backing = backing
    self.report = report
    self.load = load
    let settings = configuration
    thread = Mutex(
      try WorkerThread("buffers", orThrow: TargetError.thread) {
        do throws(TargetError) {
          var runner = try BufferRunner(settings, file: file, report: report, load: load)
          try runner.run()
        } catch {
          report.update { $0.failure = error }
        }
        load.state.withLock { $0.isDone = true }
      })
  }

  deinit { stop() }

  public var status: Status {
    Status(
      target: .buffers, mode: "registered+send-zc", device: nil,
      backing: configuration.backing.name, isDirect: backing.isDirect, size: configuration.size,
      blockSize: configuration.blockSize, time: MonotonicClock.now(), startTime: startTime,
      queues: [report.status], load: load.state.withLock { $0 },
      failure: report.failure?.description)
  }

  public var records: [IORecord] { report.records }

  public func stop() {
    load.stopping.store(true, ordering: .relaxed)
    let thread = thread.withLock { thread in
      let running = thread
      thread = nil
      return running
    }
    thread?.join()
  }
}

/// The state and the loop of the workload's thread.
struct BufferRunner: ~Copyable {
  /// The kind of request, in the upper byte of `user_data`. The slot is in the lower bits.
  private enum Kind: UInt8 {
    case write = 1
    case read, send, receive
  }

  private struct Slot {
    var record = IORecord(queue: 0, tag: 0)
    var phase = TagPhase.idle
    /// Number of CQEs that have not arrived, including notifications.
    var outstanding = 0
    var generation: UInt32 = 0
    /// Bytes of the slot's zero-copy send that have been received.
    var received = 0
    var error: Int32 = 0
  }

  private static let bufferSize = 16 << 10

  private let configuration: Configuration
  private let file: Int32
  private let report: QueueReport
  private let load: Load.Shared
  private let ring: Ring
  private let memory: MappedBuffer
  private let arrivals: MappedBuffer
  private let sockets: [SocketPair]
  private var slots: [Slot]
  private var totals = Totals()
  private var status = LoadStatus()
  private var issued: UInt64 = 0
  private var nextNumber: UInt64 = 0
  private var inFlight = 0

  /// A class around the noncopyable ``LoopbackSocket``, because arrays cannot hold noncopyable
  /// values.
  private final class SocketPair {
    let pair: LoopbackSocket

    init() throws(TargetError) { pair = try LoopbackSocket() }
  }

  init(
    _ configuration: Configuration, file: Int32, report: QueueReport, load: Load.Shared
  ) throws(TargetError) {
    let depth = configuration.depth
    let ring = try Ring(entries: depth * 2)
    let memory = try MappedBuffer(count: depth * Self.bufferSize)
    let arrivals = try MappedBuffer(count: depth * Self.bufferSize)
    try ring.registerBuffers(memory, size: Self.bufferSize)
    var sockets: [SocketPair] = []
    // Without a loopback network all slots use the file.
    while sockets.count < depth / 2, let pair = try? SocketPair() { sockets.append(pair) }
    self.configuration = configuration
    self.file = file
    self.report = report
    self.load = load
    self.ring = ring
    self.memory = memory
    self.arrivals = arrivals
    self.sockets = sockets
    slots = Array(repeating: Slot(), count: depth)
  }

  mutating func run() throws(TargetError) {
    let start = MonotonicClock.now()
    report.update { $0.status.thread = curing_thread_id() }
    let limits = configuration.load ?? LoadConfiguration()
    while true {
      let isStopping =
        load.stopping.load(ordering: .relaxed) || limits.isComplete(after: issued)
      for slot in slots.indices where !isStopping && slots[slot].outstanding == 0 {
        guard !limits.isComplete(after: issued), limits.isDue(after: issued, since: start) else {
          break
        }
        try begin(slot)
      }
      publish()
      if isStopping, inFlight == 0 { break }
      try ring.submitAndWait(nanoseconds: limits.patience)
      while let completion = ring.pop() { try handle(completion) }
    }
    ring.unregisterBuffers()
    for slot in slots.indices { slots[slot].phase = .idle }
    publish()
  }

  private mutating func publish() {
    status.inFlight = inFlight
    let current = status
    load.state.withLock { $0 = current }
    report.update { contents in
      for slot in slots.indices { contents.status.tags[slot] = slots[slot].phase }
      contents.status.totals = totals
      contents.status.totals.dropped = contents.log.count - UInt64(contents.log.records.count)
    }
  }

  /// Offset of the slot's current I/O in the file. The I/Os of different slots never overlap.
  private func position(_ slot: Int) -> UInt64 {
    let places = configuration.size / UInt64(Self.bufferSize)
    let round = UInt64(slots[slot].generation) * UInt64(slots.count) + UInt64(slot)
    return round % (places - places % UInt64(slots.count)) * UInt64(Self.bufferSize)
  }

  private func userData(_ kind: Kind, _ slot: Int) -> UInt64 {
    UInt64(kind.rawValue) << 56 | UInt64(slot)
  }

  private func address(_ slot: Int) -> UInt64 {
    memory.address + UInt64(slot * Self.bufferSize)
  }

  // MARK: I/Os

  private mutating func begin(_ slot: Int) throws(TargetError) {
    slots[slot].generation &+= 1
    BlockPattern.fill(
      memory, at: slot * Self.bufferSize, size: Self.bufferSize, block: UInt64(slot),
      generation: slots[slot].generation)
    let isSend = slot % 2 == 1 && slot / 2 < sockets.count
    start(slot, isSend ? .send : .write)
    guard isSend else { return try transfer(slot, .write) }
    let pair = sockets[slot / 2]
    slots[slot].received = 0
    slots[slot].outstanding = 2
    arrivals.store(UInt64(0), at: slot * Self.bufferSize)
    try ring.push(
      .receive(
        file: pair.pair.receiver.number,
        address: arrivals.address + UInt64(slot * Self.bufferSize), length: Self.bufferSize,
        userData: userData(.receive, slot)))
    try ring.push(
      .sendZeroCopy(
        file: pair.pair.sender.number, slot: slot, address: address(slot),
        length: Self.bufferSize, userData: userData(.send, slot)))
  }

  private mutating func transfer(_ slot: Int, _ direction: Direction) throws(TargetError) {
    slots[slot].outstanding = 1
    try ring.push(
      .transfer(
        direction, file: file, offset: position(slot),
        memory: .slot(slot, start: address(slot)), length: Self.bufferSize,
        userData: userData(direction == .read ? .read : .write, slot)))
  }

  private mutating func start(_ slot: Int, _ operation: Operation) {
    let now = MonotonicClock.now()
    slots[slot].record = IORecord(
      number: nextNumber, queue: 0, tag: UInt16(slot), operation: operation,
      sector: operation == .send ? 0 : position(slot) >> 9, length: UInt32(Self.bufferSize),
      slot: UInt16(slot), fetched: now, registered: now, issued: now)
    slots[slot].record.members = 1
    slots[slot].error = 0
    slots[slot].phase = .running
    nextNumber += 1
    issued += 1
    inFlight += 1
    totals.members += 1
  }

  private mutating func handle(_ completion: Ring.Completion) throws(TargetError) {
    let slot = Int(completion.userData & 0xff_ffff)
    let kind = Kind(rawValue: UInt8(completion.userData >> 56))!
    slots[slot].outstanding -= 1
    // A zero-copy send posts its result first, with F_MORE. The network then holds the buffer until
    // the notification CQE (F_NOTIF).
    let isHeld = kind == .send && completion.flags & 2 != 0
    if isHeld {
      slots[slot].outstanding += 1
      slots[slot].phase = .committing
    }
    let isNotification = completion.flags & 8 != 0
    if !isNotification {
      if completion.result < 0 { slots[slot].error = completion.result }
      if kind == .receive {
        slots[slot].received = Int(max(0, completion.result))
      } else {
        slots[slot].record.result = completion.result
        slots[slot].record.moved = UInt32(max(0, completion.result))
        slots[slot].record.completed = MonotonicClock.now()
      }
    }
    if slots[slot].outstanding == 0 { try end(slot, kind) }
  }

  private mutating func end(_ slot: Int, _ kind: Kind) throws(TargetError) {
    finish(slot)
    let isWhole = slots[slot].error == 0 && slots[slot].record.moved == UInt32(Self.bufferSize)
    switch kind {
    case .write where isWhole:
      // Cleared, so that a read that transfers nothing is noticed.
      memory.store(UInt64(0), at: slot * Self.bufferSize)
      start(slot, .read)
      try transfer(slot, .read)
    case .read where isWhole:
      status.note(fault(slot, in: memory))
    case .send where isWhole, .receive where isWhole:
      if slots[slot].received == Self.bufferSize { status.note(fault(slot, in: arrivals)) }
    default: break
    }
  }

  private mutating func finish(_ slot: Int) {
    inFlight -= 1
    slots[slot].phase = .provided
    let now = MonotonicClock.now()
    slots[slot].record.committed = now
    let record = slots[slot].record
    report.update { $0.log.append(record) }
    totals.ios += 1
    totals.groups += 1
    totals.operations[record.operation, default: 0] += 1
    if slots[slot].error != 0 {
      totals.errors += 1
      status.failures[-slots[slot].error, default: 0] += 1
    } else if record.operation == .read {
      totals.readBytes += UInt64(record.moved)
      status.reads += 1
    } else {
      totals.writtenBytes += UInt64(record.moved)
      status.writes += 1
    }
    status.bytes += UInt64(record.moved)
  }

  private func fault(_ slot: Int, in buffer: borrowing MappedBuffer) -> String? {
    BlockPattern.fault(
      in: buffer, at: slot * Self.bufferSize, size: Self.bufferSize, block: UInt64(slot),
      generation: slots[slot].generation)
  }
}
