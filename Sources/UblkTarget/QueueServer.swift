import CURing
import Glibc
import Synchronization

/// Serves one queue of the device in one thread, with a ring of its own.
///
/// Every tag is a small machine: ``Stage`` says what it waits for, a completion moves it on. The
/// buffer of tag N is slot N of the ring's buffer table, or part N of `memory`.
struct QueueServer: ~Copyable {
  /// What a completion belongs to; in the upper byte of `user_data`, the tag in the lowest 16 bits,
  /// the member's number from bit 16.
  enum Kind: UInt8 {
    case fetch = 1
    case register, copyIn, member, copyOut, unregister
  }

  let queue: Int
  let configuration: Configuration
  let transfer: Transfer
  /// A short result may be committed: the driver asks for the rest.
  let commitsShort: Bool
  let device: Int32
  let backing: Int32?
  let report: QueueReport

  private let ring: Ring
  private let descriptors: MappedBuffer
  /// Of copying transfers: a part of `largestIO` bytes for each tag.
  private let memory: MappedBuffer?
  /// For detours.
  private let scratch: MappedBuffer
  /// Opened so that members with the wrong file fail: for reads, for writes.
  private let unreadable: OwnedDescriptor
  private let unwritable: OwnedDescriptor
  private var tags: [TagState]
  private var faults: FaultPlan
  private var totals = Totals()
  private var finished: [IORecord] = []
  private var nextNumber: UInt64 = 0
  /// Tags that the driver still deals with.
  private var live: Int
  private var held = 0
  private var slow = 0
  private var commits = 0

  init(
    queue: Int, configuration: Configuration, transfer: Transfer, features: Features,
    device: Int32, backing: Int32?, report: QueueReport
  ) throws(TargetError) {
    let depth = configuration.depth
    // A register, an unregister and a commit for each tag, and its members.
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
    commitsShort = transfer == .copy || !features.contains(.takesShortForWhole)
    self.device = device
    self.backing = backing
    self.report = report
    tags = Array(repeating: TagState(), count: depth)
    faults = FaultPlan(configuration.injections, seed: UInt64(queue))
    live = depth
  }

  private static func pages(_ count: Int) -> Int { (count + 4095) & ~4095 }

  // MARK: The loop

  /// Serves until the driver gives all tags back, as it does when the device is stopped.
  mutating func run() throws(TargetError) {
    let thread = WorkerThread.currentID
    report.update { $0.status.thread = thread }
    for tag in tags.indices {
      try push(command: CURING_UBLK_FETCH, tag: tag)
      tags[tag].stage = .fetched
    }
    while live > 0 {
      publish()
      if commits > 0 {
        // In two steps, so that a tag is seen committing and, a moment later, fetched.
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

  /// An I/O is in our hands.
  private var hasWork: Bool { tags.contains { $0.stage != .fetched && $0.stage != .idle } }

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

  private func userData(_ kind: Kind, _ tag: Int, member: Int = 0) -> UInt64 {
    UInt64(kind.rawValue) << 56 | UInt64(member) << 16 | UInt64(tag)
  }

  // MARK: An I/O comes

  private mutating func fetched(_ tag: Int, _ result: Int32) throws(TargetError) {
    if result == -ENODEV {
      // UBLK_IO_RES_ABORT: the device is being stopped.
      tags[tag].stage = .idle
      live -= 1
      return
    }
    guard result == 0 else {
      throw TargetError("the ublk driver refused queue \(queue), tag \(tag)", code: -result)
    }
    let now = MonotonicTime.now
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
    // The bound keeps a device with --inject no-ack alive: some tags still work.
    if record.fault == .noAck, held >= max(1, min(4, configuration.depth / 4)) {
      record.fault = nil
    }
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

  /// Divides the I/O into members, and prepares the detour of a fault.
  private mutating func plan(_ tag: Int) {
    let record = tags[tag].record
    let length = Int(record.length)
    // A fault is one member's: of an I/O with that member only.
    let size = record.fault == nil || record.fault == .noAck ? configuration.memberSize : length
    for offset in stride(from: 0, to: length, by: size) {
      tags[tag].parts.append(MemberPart(offset: offset, length: min(size, length - offset)))
    }
    let half = length / 2 / configuration.blockSize * configuration.blockSize
    do throws(TargetError) {
      switch record.fault {
      case .slowMember:
        tags[tag].detour = try Detour(
          slow: record.operation.direction!, length: length,
          deadline: record.fetched + configuration.slowMemberTime, scratch: scratch)
        slow += 1
      case .shortRead where half > 0:
        tags[tag].detour = try Detour(
          shortCopyOf: backing!, at: record.sector << 9, length: half, scratch: scratch)
      case .shortRead:
        // A single block cannot be short by whole blocks.
        tags[tag].record.fault = nil
      default: break
      }
    } catch {
      // The fault is not worth an error: the I/O goes on as any other.
      tags[tag].record.fault = nil
    }
  }

  // MARK: Explicit registration

  /// Registers the buffer, with the member linked behind if there is one only: several run at once,
  /// so they wait for the registration here. Slot `depth` is beyond the table's end.
  private mutating func registerBuffer(_ tag: Int, slot: Int) throws(TargetError) {
    tags[tag].stage = .registering
    tags[tag].outstanding += 1
    let leader = RingRequest.ublk(
      CURING_UBLK_REGISTER_IO_BUF, file: device, payload(tag, address: UInt64(slot)),
      userData: userData(.register, tag))
    guard tags[tag].parts.count == 1 else { return try ring.push(leader) }
    tags[tag].record.issued = MonotonicTime.now
    try ring.push(chain: (leader, member(tag, 0, slot: slot)))
  }

  private mutating func registered(_ tag: Int, _ result: Int32) throws(TargetError) {
    tags[tag].outstanding -= 1
    if result >= 0 {
      tags[tag].isRegistered = true
      tags[tag].record.registered = MonotonicTime.now
    } else {
      tags[tag].fail(result)
    }
    if tags[tag].parts.count == 1 {
      // Its member follows or was cancelled with it; either completes.
      if tags[tag].stage == .registering { tags[tag].stage = .members }
      try endMembers(tag)
    } else if result >= 0 {
      try issueMembers(tag)
    } else {
      try endMembers(tag)
    }
  }

  private mutating func unregistered(_ tag: Int, _ result: Int32) {
    tags[tag].isUnregistering = false
    if result < 0 { totals.errors += 1 }
    tags[tag].record.unregistered = MonotonicTime.now
    finish(tag)
  }

  // MARK: User copy

  /// Moves the data between /dev/ublkcN and our memory; pwrite and pread there are the driver's
  /// copy (ublk_drv.c, ublk_ch_read_iter and ublk_ch_write_iter).
  private mutating func copy(_ tag: Int, _ kind: Kind) throws(TargetError) {
    let position =
      UInt64(CURING_UBLK_DATA_OFFSET)
      + (UInt64(queue) << UInt64(CURING_UBLK_DATA_QUEUE_SHIFT)
        | UInt64(tag) << UInt64(CURING_UBLK_DATA_TAG_SHIFT))
    let isIn = kind == .copyIn
    let length = isIn ? Int(tags[tag].record.length) : tags[tag].movedPrefix
    tags[tag].stage = isIn ? .copyingIn : .copyingOut
    tags[tag].outstanding += 1
    try ring.push(
      .transfer(
        isIn ? .read : .write, file: device, offset: position,
        memory: memory(tag, slot: tag, at: 0),
        length: length, userData: userData(kind, tag)))
  }

  private mutating func copied(_ tag: Int, _ result: Int32) throws(TargetError) {
    tags[tag].outstanding -= 1
    let isIn = tags[tag].stage == .copyingIn
    let length = isIn ? Int(tags[tag].record.length) : tags[tag].movedPrefix
    if result != length { tags[tag].fail(result < 0 ? result : -EIO) }
    if isIn, tags[tag].error == 0 {
      try issueMembers(tag)
    } else {
      try endTransfer(tag)
    }
  }

  // MARK: Members

  private mutating func issueMembers(_ tag: Int) throws(TargetError) {
    tags[tag].stage = .members
    tags[tag].record.issued = MonotonicTime.now
    for index in tags[tag].parts.indices { try ring.push(member(tag, index, slot: tag)) }
  }

  /// Where a tag's data are: in our memory, or in the buffer that was lent and is in this slot.
  private func memory(_ tag: Int, slot: Int, at offset: Int) -> RingRequest.Memory {
    switch memory {
    case .some(let memory):
      .address(memory.address + UInt64(tag * configuration.largestIO + offset))
    case .none:
      .slot(slot, start: UInt64(offset))
    }
  }

  /// A request for what is left of a part.
  private mutating func member(_ tag: Int, _ index: Int, slot: Int) -> RingRequest {
    tags[tag].outstanding += 1
    tags[tag].record.members += 1
    totals.members += 1
    let record = tags[tag].record
    let part = tags[tag].parts[index]
    let offset = part.offset + part.moved
    var direction = record.operation.direction!
    var file = backing!
    var position = record.sector << 9 + UInt64(offset)
    switch record.fault {
    case .memberFail:
      file = direction == .read ? unreadable.number : unwritable.number
    case .wrongDirection:
      // Not at the backing: a kernel that let it pass would destroy data.
      direction = direction.opposite
      file = direction == .read ? unwritable.number : unreadable.number
    default:
      if let detour = tags[tag].detour {
        file = detour.descriptor
        if detour.kind == .short { position = UInt64(offset) }
      }
    }
    return .transfer(
      direction, file: file, offset: position, memory: memory(tag, slot: slot, at: offset),
      length: part.length - part.moved, userData: userData(.member, tag, member: index))
  }

  private mutating func memberCompleted(
    _ tag: Int, _ index: Int, _ result: Int32
  ) throws(TargetError) {
    tags[tag].outstanding -= 1
    guard tags[tag].record.operation.direction != nil else { return try endEffect(tag, result) }
    if result == -EINTR || result == -EAGAIN, tags[tag].error == 0 {
      return try ring.push(member(tag, index, slot: tag))
    }
    if result < 0 {
      tags[tag].fail(result)
    } else {
      try advance(tag, index, by: Int(result))
    }
    try endMembers(tag)
  }

  /// Notes what a member has moved, and sends another after a short one.
  private mutating func advance(_ tag: Int, _ index: Int, by count: Int) throws(TargetError) {
    let part = tags[tag].parts[index]
    var moved = count
    if let detour = tags[tag].detour, detour.kind == .slow {
      let position = tags[tag].record.sector << 9 + UInt64(part.offset + part.moved)
      let status = detour.drain(to: backing!, position: position, length: count, scratch: scratch)
      if status < 0 { return tags[tag].fail(status) }
    } else if part.moved + count < part.length {
      // O_DIRECT can go on at a block only.
      moved -= (part.moved + count) % configuration.blockSize
    }
    tags[tag].parts[index].moved += moved
    if part.moved + moved == part.length { return }
    if tags[tag].record.fault == .shortRead {
      // As a careless server: the rest is not read. The driver is told how much it is.
      return
    }
    // The backing has no more: its file was cut.
    guard moved > 0 else { return tags[tag].fail(-EIO) }
    if tags[tag].error != 0 { return }
    totals.remainders += 1
    try ring.push(member(tag, index, slot: tag))
  }

  private mutating func endMembers(_ tag: Int) throws(TargetError) {
    guard tags[tag].outstanding == 0 else { return }
    tags[tag].record.completed = MonotonicTime.now
    if tags[tag].detour?.kind == .slow { slow -= 1 }
    tags[tag].detour = nil
    if transfer == .userCopy, tags[tag].record.operation == .read, tags[tag].error == 0 {
      return try copy(tag, .copyOut)
    }
    try endTransfer(tag)
  }

  private mutating func endTransfer(_ tag: Int) throws(TargetError) {
    let moved = tags[tag].movedPrefix
    tags[tag].record.moved = UInt32(moved)
    if tags[tag].record.fault == .noAck, !report.isReleasing.load(ordering: .relaxed) {
      held += 1
      tags[tag].stage = .held
      return
    }
    try commit(tag, result: result(tag))
  }

  private func result(_ tag: Int) -> Int32 {
    let record = tags[tag].record
    let error = tags[tag].error
    if error != 0 { return Self.blockErrors.contains(-error) ? error : -EIO }
    // What was in the memory before must not pass for data.
    return record.moved < record.length && !commitsShort ? -EIO : Int32(record.moved)
  }

  /// What a block device's user can do something with. The rest is between us and io_uring.
  private static let blockErrors: Set<Int32> = [
    EIO, ENOSPC, EOPNOTSUPP, ENOMEM, ETIMEDOUT, ENODATA, EILSEQ,
  ]

  // MARK: Operations without data

  private mutating func beginEffect(_ tag: Int) throws(TargetError) {
    let record = tags[tag].record
    if record.operation == .unknown { return try commit(tag, result: -EOPNOTSUPP) }
    guard let backing else { return try commit(tag, result: 0) }
    let keepsAllocation =
      record.operation == .writeZeroes && tags[tag].flags & CURING_UBLK_IO_NO_UNMAP != 0
    try pushEffect(tag, backing, mode: keepsAllocation ? Self.zeroRange : Self.punchHole)
  }

  /// fallocate(2) modes, with FALLOC_FL_KEEP_SIZE.
  private static let punchHole: Int32 = 0x02 | 0x01
  private static let zeroRange: Int32 = 0x10 | 0x01

  private mutating func pushEffect(
    _ tag: Int, _ backing: Int32, mode: Int32
  ) throws(TargetError) {
    let record = tags[tag].record
    tags[tag].stage = .members
    tags[tag].outstanding += 1
    tags[tag].record.members += 1
    totals.members += 1
    if record.issued == 0 { tags[tag].record.issued = MonotonicTime.now }
    // The member's number tells how it was tried.
    let data = userData(.member, tag, member: Int(mode))
    try ring.push(
      record.operation == .flush
        ? .synchronize(file: backing, userData: data)
        : .allocate(
          file: backing, mode: mode, offset: record.sector << 9, length: Int(record.length),
          userData: data))
  }

  private mutating func endEffect(_ tag: Int, _ result: Int32) throws(TargetError) {
    if result == -EOPNOTSUPP, tags[tag].record.operation == .writeZeroes,
      tags[tag].record.members == 1, let backing
    {
      // tmpfs knows holes only; they read as zeros, too.
      return try pushEffect(tag, backing, mode: Self.punchHole)
    }
    tags[tag].record.completed = MonotonicTime.now
    try commit(tag, result: min(result, 0))
  }

  // MARK: The I/O goes back

  private mutating func commit(_ tag: Int, result: Int32) throws(TargetError) {
    if tags[tag].isRegistered {
      tags[tag].isUnregistering = true
      try ring.push(
        .ublk(
          CURING_UBLK_UNREGISTER_IO_BUF, file: device, payload(tag, address: UInt64(tag)),
          userData: userData(.unregister, tag)))
    }
    tags[tag].record.result = result
    tags[tag].record.committed = MonotonicTime.now
    tags[tag].stage = .committing
    commits += 1
    try push(command: CURING_UBLK_COMMIT_AND_FETCH, tag: tag, result: result)
    count(tag)
    if !tags[tag].isUnregistering { finish(tag) }
  }

  private mutating func count(_ tag: Int) {
    let record = tags[tag].record
    totals.ios += 1
    totals.operations[record.operation, default: 0] += 1
    if record.slot != nil { totals.groups += 1 }
    if record.result > 0 {
      let bytes = UInt64(record.result)
      if record.operation == .read {
        totals.readBytes += bytes
      } else {
        totals.writtenBytes += bytes
      }
    }
    if let fault = record.fault {
      totals.faults[fault, default: 0] += 1
    } else if record.result < 0 {
      totals.errors += 1
    }
  }

  /// The record is complete.
  private mutating func finish(_ tag: Int) {
    finished.append(tags[tag].record)
  }

  private func payload(_ tag: Int, result: Int32 = 0, address: UInt64 = 0) -> curing_ublk_io {
    curing_ublk_io(queue: UInt16(queue), tag: UInt16(tag), result: result, address: address)
  }

  /// FETCH, or COMMIT_AND_FETCH: where the next I/O's data shall be.
  private func push(command: UInt32, tag: Int, result: Int32 = 0) throws(TargetError) {
    var address: UInt64 = 0
    if transfer == .copy, case .address(let start) = memory(tag, slot: tag, at: 0) {
      address = start
    }
    let automatic =
      transfer == .automatic ? UInt64(tag) | UInt64(CURING_UBLK_AUTO_BUFFER_FALLBACK) : 0
    try ring.push(
      .ublk(
        command, file: device, payload(tag, result: result, address: address),
        automatic: automatic, userData: userData(.fetch, tag)))
  }

  // MARK: Faults

  /// Lets slow members go on whose time has come.
  private mutating func openDetours() {
    let now = MonotonicTime.now
    for tag in tags.indices {
      guard let detour = tags[tag].detour, detour.kind == .slow, now >= detour.deadline,
        tags[tag].stage == .members, !tags[tag].isDetourOpen
      else { continue }
      tags[tag].isDetourOpen = true
      let status = detour.open(
        backing: backing!, position: tags[tag].record.sector << 9,
        length: Int(tags[tag].record.length), scratch: scratch)
      if status < 0 { tags[tag].fail(status) }
    }
  }

  private mutating func releaseHeld() throws(TargetError) {
    for tag in tags.indices where tags[tag].stage == .held {
      held -= 1
      try commit(tag, result: result(tag))
    }
  }
}
