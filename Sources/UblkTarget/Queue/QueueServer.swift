import CURing
import Glibc
import Synchronization
import UringBase
import UringTrace

/// The server of one queue of the device. It has its own thread and ring.
///
/// Every tag is a state machine. ``Stage`` is its state, and completions advance it. The buffer of
/// tag N is slot N of the ring's buffer table if the driver lends it, and otherwise part N of
/// `memory`.
///
/// The struct has many properties because it owns everything that the thread uses: files, memory,
/// tags and totals. Half of them are constants of the queue.
struct QueueServer: ~Copyable {
  /// The kind of request, in the upper byte of `user_data`. Bits 0 to 15 are the tag, bits 16 to 31
  /// the member's number.
  enum Kind: UInt8 {
    case fetch = 1
    case register, copyIn, member, copyOut, unregister
  }

  let queue: Int
  let configuration: Configuration
  let transfer: Transfer
  /// True if members can begin inside an I/O's data.
  let dividesData: Bool
  /// True if a short result can be committed, because the driver then requests the rest.
  let commitsShort: Bool
  let device: Int32
  let backing: Int32?
  let report: QueueReport

  let ring: Ring
  let descriptors: MappedBuffer
  /// Buffers of `largestIO` bytes per tag. Nil if the driver lends buffers instead.
  let memory: MappedBuffer?
  /// Memory in which detours (``Detour``) copy data.
  let scratch: MappedBuffer
  /// Files on which a member fails: one that is not open for reading, and one that is not open for
  /// writing.
  let unreadable: OwnedDescriptor
  let unwritable: OwnedDescriptor
  var tags: [TagState]
  var faults: FaultPlan
  var totals = Totals()
  var finished: [IORecord] = []
  var nextNumber: UInt64 = 0
  /// Number of tags that the driver has not aborted.
  var live: Int
  var held = 0
  var slow = 0
  var commits = 0

  init(
    queue: Int, configuration: Configuration, transfer: Transfer, features: Features,
    device: Int32, backing: Int32?, report: QueueReport
  ) throws(TargetError) {
    let depth = configuration.depth
    // Requests per tag: register, unregister, commit, and the members.
    let members = configuration.largestIO / configuration.memberSize + 3
    let ring = try Ring(
      entries: min(4096, depth * min(members, 8)), setup: .deferred)
    if transfer.lendsKernelBuffer { try ring.registerSparseBuffers(count: depth) }
    let size = MemoryLayout<curing_ublk_descriptor>.stride
    let area = Int(CURING_UBLK_DESCRIPTORS_PER_QUEUE) * size
    let descriptors = try MappedBuffer(
      file: device, offset: UInt64(queue * area), count: Self.pages(depth * size))
    let memory =
      transfer.lendsKernelBuffer ? nil : try MappedBuffer(count: depth * configuration.largestIO)
    let scratch = try MappedBuffer(count: configuration.largestIO + 4096)
    let unreadable = try OwnedDescriptor(open: "/dev/null", O_WRONLY)
    let unwritable = try OwnedDescriptor(open: "/dev/null", O_RDONLY)
    self.ring = ring
    self.descriptors = descriptors
    self.memory = memory
    self.scratch = scratch
    self.unreadable = unreadable
    self.unwritable = unwritable
    self.queue = queue
    self.configuration = configuration
    self.transfer = transfer
    dividesData = transfer.dividesData(on: .current)
    commitsShort = transfer == .copy || !features.contains(.mayTakeShortForWhole)
    self.device = device
    self.backing = backing
    self.report = report
    tags = Array(repeating: TagState(), count: depth)
    faults = FaultPlan(configuration.injections, seed: UInt64(queue))
    live = depth
  }

  private static func pages(_ count: Int) -> Int { (count + 4095) & ~4095 }

  // MARK: The loop

  /// Serves the queue until the driver has aborted all tags, which it does when the device stops.
  mutating func run() throws(TargetError) {
    let thread = curing_thread_id()
    report.update { $0.status.thread = thread }
    for tag in tags.indices {
      try push(command: CURING_UBLK_FETCH, tag: tag)
      tags[tag].stage = .fetched
    }
    while live > 0 {
      publish()
      if commits > 0 {
        // The stage changes in two steps, so that observers see the tag in `committing` before
        // `fetched`.
        try ring.submit()
        for tag in tags.indices where tags[tag].stage == .committing { tags[tag].stage = .fetched }
        commits = 0
        publish()
      }
      try ring.submitAndWait(nanoseconds: slow > 0 ? 5_000_000 : 100_000_000)
      while let completion = ring.pop() { try handle(completion) }
      if slow > 0 { openDetours() }
      if report.isEnding.load(ordering: .relaxed), !hasWork { break }
      if held > 0, report.isReleasing.load(ordering: .relaxed) { try releaseHeld() }
    }
    publish()
  }

  /// Maximum number of held I/Os. Keeps a device with `--inject no-ack` usable: some tags, and half
  /// of the load's I/Os, are not held.
  private var mostHeld: Int {
    let load = configuration.load.map { $0.depth / (2 * configuration.queues) }
    return max(1, min(4, configuration.depth / 4, load ?? 4))
  }

  /// True if the server is processing an I/O: some tag is neither idle nor fetched.
  var hasWork: Bool { tags.contains { $0.stage != .fetched && $0.stage != .idle } }

  private mutating func publish() {
    report.update { contents in
      for tag in tags.indices { contents.status.tags[tag] = tags[tag].stage.phase }
      for record in finished { contents.log.append(record) }
      contents.status.totals = totals
      contents.status.totals.dropped = contents.log.count - UInt64(contents.log.records.count)
    }
    finished.removeAll(keepingCapacity: true)
  }

  private mutating func handle(_ completion: Ring.Completion) throws(TargetError) {
    let tag = Int(completion.userData & 0xffff)
    let result = completion.result
    switch Kind(rawValue: UInt8(completion.userData >> 56))! {
    case .fetch: try fetched(tag, result)
    case .register: try registered(tag, result)
    case .copyIn: try copied(tag, result)
    case .member: try memberCompleted(tag, Int(completion.userData >> 16 & 0xffff), result)
    case .copyOut: try copied(tag, result)
    case .unregister: unregistered(tag, result)
    }
  }

  func userData(_ kind: Kind, _ tag: Int, member: Int = 0) -> UInt64 {
    UInt64(kind.rawValue) << 56 | UInt64(member) << 16 | UInt64(tag)
  }

  // MARK: Delivery

  private mutating func fetched(_ tag: Int, _ result: Int32) throws(TargetError) {
    if result == -ENODEV {
      // -ENODEV is UBLK_IO_RES_ABORT: the device is being stopped.
      tags[tag].stage = .idle
      live -= 1
      return
    }
    guard result == 0 else {
      throw TargetError("the ublk driver refused queue \(queue), tag \(tag)", code: -result)
    }
    let now = MonotonicClock.now()
    let size = MemoryLayout<curing_ublk_descriptor>.stride
    let descriptor = descriptors.load(at: tag * size, as: curing_ublk_descriptor.self)
    let operation = Operation(flags: descriptor.op_flags & 0xff)
    var record = IORecord(
      number: nextNumber, queue: UInt16(queue), tag: UInt16(tag), operation: operation,
      sector: descriptor.sector, length: descriptor.sectors << 9, fetched: now)
    nextNumber += 1
    if operation.direction != nil, backing != nil, report.makesFaults.load(ordering: .relaxed) {
      record.fault = faults.draw(for: operation)
    }
    if record.fault == .noAck, held >= mostHeld { record.fault = nil }
    let needsBuffer = descriptor.op_flags & CURING_UBLK_IO_NEEDS_BUFFER != 0
    if operation.direction != nil, transfer == .automatic, !needsBuffer {
      record.slot = UInt16(tag)
      record.isAutomatic = true
      record.registered = now
    }
    tags[tag].begin(record, flags: descriptor.op_flags)
    switch operation {
    case .read, .write: try beginTransfer(tag, needsBuffer: needsBuffer)
    default: try beginEffect(tag)
    }
  }

  private mutating func beginTransfer(_ tag: Int, needsBuffer: Bool) throws(TargetError) {
    guard backing != nil else {
      tags[tag].record.moved = tags[tag].record.length
      return try commit(tag, result: Int32(tags[tag].record.length))
    }
    plan(tag)
    if transfer == .automatic, needsBuffer { totals.fallbacks += 1 }
    let operation = tags[tag].record.operation
    if tags[tag].record.fault == .leaderFail {
      try registerBuffer(tag, slot: configuration.depth)
    } else if transfer == .zeroCopy || (transfer == .automatic && needsBuffer) {
      tags[tag].record.slot = UInt16(tag)
      try registerBuffer(tag, slot: tag)
    } else if transfer == .userCopy, operation == .write {
      try copy(tag, .copyIn)
    } else {
      try issueMembers(tag)
    }
  }

  /// Splits the I/O into parts, one for each member. Prepares the detour (``Detour``) of a fault.
  private mutating func plan(_ tag: Int) {
    let record = tags[tag].record
    let length = Int(record.length)
    // A fault affects one member, so an I/O with a fault gets a single member. ``Fault/noAck``
    // affects none.
    let isDivided = dividesData && (record.fault == nil || record.fault == .noAck)
    let size = isDivided ? configuration.memberSize : length
    for offset in stride(from: 0, to: length, by: size) {
      tags[tag].parts.append(MemberPart(offset: offset, length: min(size, length - offset)))
    }
    let half = length / 2 / configuration.blockSize * configuration.blockSize
    do throws(TargetError) {
      switch record.fault {
      case .slowMember:
        tags[tag].detour = try Detour(
          slow: record.operation.direction!, length: length,
          scratch: scratch)
        slow += 1
      case .shortRead where half > 0:
        tags[tag].detour = try Detour(
          shortCopyOf: backing!, at: record.sector << 9, length: half, scratch: scratch)
      case .shortRead:
        // A read of a single block cannot get the fault, because a short read must end at a block
        // boundary.
        tags[tag].record.fault = nil
      default: break
      }
    } catch {
      // If the detour cannot be created, the I/O continues without the fault.
      tags[tag].record.fault = nil
    }
  }
}
