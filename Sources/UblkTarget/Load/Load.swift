import CURing
import Glibc
import Synchronization
import UringBase
import UringTrace

/// Reads and writes a block device with its own ring and thread, and verifies every block.
final class Load: Sendable {
  private let thread: WorkerThread
  private let shared: Shared

  /// Overwrites `size` bytes of the device at `path`.
  init(
    path: String, size: UInt64, blockSize: Int, isVerifying: Bool,
    _ configuration: LoadConfiguration
  ) throws(TargetError) {
    let device = SharedDescriptor(
      try OwnedDescriptor(open: path, O_RDWR | curing_direct_flag()))
    let shared = Shared()
    self.shared = shared
    thread = try WorkerThread("ublk-load", orThrow: TargetError.thread) {
      do throws(TargetError) {
        var runner = try LoadRunner(
          device: device.number, size: size, blockSize: blockSize, isVerifying: isVerifying,
          configuration, shared: shared)
        try runner.run()
      } catch {
        shared.state.withLock { $0.failure = error.description }
      }
      shared.state.withLock { $0.isDone = true }
    }
  }

  var status: LoadStatus { shared.state.withLock { $0 } }

  /// Starts no more I/Os. ``join()`` waits for those in flight.
  func requestStop() { shared.stopping.store(true, ordering: .relaxed) }

  func join() { thread.join() }

  /// State that the thread shares with others.
  final class Shared: Sendable {
    let state = Mutex(LoadStatus())
    let stopping = Atomic(false)
  }
}

/// The load's thread.
///
/// It must never wait inside the kernel for the device that its own process serves: if the process were killed then, it
/// could not exit, because the driver releases the device only after all its threads have ended (observed on 6.17: a
/// worker in blkdev_fsync, the thread in io_wq_put_and_exit, forever). So all its requests are asynchronous. It uses
/// durable writes, to which the block layer adds the flush, instead of FSYNC, which needs a worker; and it has fewer
/// I/Os than there are tags, because a worker would wait for a tag.
///
/// Has many properties because it owns everything that the thread uses. Half of them are constants of the load.
struct LoadRunner: ~Copyable {
  private enum Action { case read, write }

  /// An I/O in flight.
  private struct Slot {
    var action = Action.read
    var block = 0
    var blocks = 0
    /// A write that is on stable storage when it completes.
    var isDurable = false
    var isBusy = false
  }

  private let device: Int32
  private let blockSize: Int
  private let isVerifying: Bool
  private let configuration: LoadConfiguration
  private let shared: Load.Shared
  private let ring: Ring
  private let memory: MappedBuffer
  private let slotSize: Int
  private var slots: [Slot]
  /// The generation of each block. 0: unknown, because it was never written or the write failed.
  private var generations: [UInt32]
  /// Blocks with an I/O in flight: they get no second I/O, because its result would be unpredictable.
  private var busy: [Bool]
  private var nextGeneration: UInt32 = 0
  /// The last writes. Reads are drawn from them: most blocks of a large device have nothing to verify.
  private var written: [Range<Int>] = []
  private var nextWritten = 0
  private static let writtenCapacity = 1024
  private var status = LoadStatus()
  private var issued: UInt64 = 0
  private var inFlight = 0
  private var random = SystemRandomNumberGenerator()

  init(
    device: Int32, size: UInt64, blockSize: Int, isVerifying: Bool,
    _ configuration: LoadConfiguration, shared: Load.Shared
  ) throws(TargetError) {
    let slotSize = max(4096, configuration.largestIO / blockSize * blockSize)
    let ring = try Ring(entries: configuration.depth, setup: .deferred)
    let memory = try MappedBuffer(count: configuration.depth * slotSize)
    self.ring = ring
    self.memory = memory
    self.slotSize = slotSize
    self.device = device
    self.blockSize = blockSize
    self.isVerifying = isVerifying
    self.configuration = configuration
    self.shared = shared
    // Uses at most 1 GiB of the device, because the tables of a huge device would be huge.
    let blocks = Int(min(size, 1 << 30) / UInt64(blockSize))
    slots = Array(repeating: Slot(), count: configuration.depth)
    generations = Array(repeating: 0, count: blocks)
    busy = Array(repeating: false, count: blocks)
  }

  /// Runs until it is stopped, its count is reached, or the device was removed.
  mutating func run() throws(TargetError) {
    let start = MonotonicClock.now()
    while true {
      let isStopping = shared.stopping.load(ordering: .relaxed) || isGone || isComplete
      if !isStopping { try issue(since: start) }
      if isStopping, inFlight == 0 { break }
      publish()
      try ring.submitAndWait(nanoseconds: configuration.patience)
      while let completion = ring.pop() { completed(completion) }
    }
    publish()
  }

  private var isComplete: Bool { configuration.isComplete(after: issued) }

  /// True if another program stopped the device: every I/O fails from now on.
  private var isGone: Bool {
    status.failures[ENODEV, default: 0] + status.failures[ENXIO, default: 0] > 0
  }

  private func publish() {
    var status = status
    status.inFlight = inFlight
    shared.state.withLock { $0 = status }
  }

  // MARK: Issuing

  private mutating func issue(since start: UInt64) throws(TargetError) {
    for index in slots.indices where !slots[index].isBusy {
      guard !isComplete, configuration.isDue(after: issued, since: start), prepare(index) else {
        return
      }
      let slot = slots[index]
      let offset = UInt64(slot.block * blockSize)
      let address = memory.address + UInt64(index * slotSize)
      slots[index].isBusy = true
      inFlight += 1
      issued += 1
      try ring.push(
        .transfer(
          slot.action == .read ? .read : .write, file: device, offset: offset,
          memory: .address(address), length: slot.blocks * blockSize, userData: UInt64(index),
          isDurable: slot.isDurable))
    }
  }

  /// Draws the next I/O of a slot, and fills its buffer for a write.
  private mutating func prepare(_ index: Int) -> Bool {
    let isDurable = issued % 256 == 255
    let most = min(slotSize / blockSize, generations.count)
    for _ in 0..<64 {
      let action: Action = !isDurable && Bool.random(using: &random) ? .read : .write
      let range = action == .read ? rangeToRead(most) : randomRange(most)
      guard let range, !busy[range].contains(true) else { continue }
      slots[index] = Slot(
        action: action, block: range.lowerBound, blocks: range.count, isDurable: isDurable)
      for block in range { busy[block] = true }
      if action == .write { fill(index, range) }
      return true
    }
    return false
  }

  private mutating func randomRange(_ most: Int) -> Range<Int> {
    let count = Int.random(in: 1...most, using: &random)
    let first = Int.random(in: 0...generations.count - count, using: &random)
    return first..<first + count
  }

  /// Blocks with known contents, nil if there are none here.
  private mutating func rangeToRead(_ most: Int) -> Range<Int>? {
    guard isVerifying else { return randomRange(most) }
    guard let range = written.randomElement(using: &random) else { return nil }
    return generations[range].contains(0) ? nil : range
  }

  private mutating func remember(_ range: Range<Int>) {
    if written.count < Self.writtenCapacity {
      written.append(range)
    } else {
      written[nextWritten] = range
      nextWritten = (nextWritten + 1) % Self.writtenCapacity
    }
  }

  /// All blocks of a write get one new generation, stored in ``generations`` when the write succeeds.
  private mutating func fill(_ index: Int, _ range: Range<Int>) {
    nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1
    for block in range {
      generations[block] = nextGeneration
      BlockPattern.fill(
        memory, at: index * slotSize + (block - range.lowerBound) * blockSize, size: blockSize,
        block: UInt64(block), generation: nextGeneration)
    }
  }

  // MARK: Completing

  private mutating func completed(_ completion: Ring.Completion) {
    let index = Int(completion.userData)
    let slot = slots[index]
    let range = slot.block..<slot.block + slot.blocks
    slots[index].isBusy = false
    inFlight -= 1
    for block in range { busy[block] = false }
    let result = Int(completion.result)
    let isWhole = result == slot.blocks * blockSize
    if !isWhole {
      // A block device transfers less only at its end or after an error.
      status.failures[result < 0 ? Int32(-result) : EIO, default: 0] += 1
      if slot.action == .write { for block in range { generations[block] = 0 } }
      return
    }
    status.bytes += UInt64(result)
    switch slot.action {
    case .write:
      status.writes += 1
      if slot.isDurable { status.flushes += 1 }
      remember(range)
    case .read:
      status.reads += 1
      if isVerifying { verify(index, range) }
    }
  }

  private mutating func verify(_ index: Int, _ range: Range<Int>) {
    for block in range {
      status.note(
        BlockPattern.fault(
          in: memory, at: index * slotSize + (block - range.lowerBound) * blockSize,
          size: blockSize, block: UInt64(block), generation: generations[block]))
    }
  }
}
