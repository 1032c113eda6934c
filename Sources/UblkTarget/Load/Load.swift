import CURing
import Glibc
import Synchronization
import UringBase
import UringTrace

/// A load that reads and writes a block device on a separate thread with its own ring. It verifies
/// every block that it reads.
final class Load: Sendable {
  private let thread: WorkerThread
  private let shared: Shared

  /// Starts the load. It overwrites `size` bytes of the device at `path`.
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

  /// Makes the load start no more I/Os. ``join()`` waits for those in flight.
  func requestStop() { shared.stopping.store(true, ordering: .relaxed) }

  func join() { thread.join() }

  /// State that the load's thread shares with other threads.
  final class Shared: Sendable {
    let state = Mutex(LoadStatus())
    let stopping = Atomic(false)
  }
}

/// The state and the loop of the load's thread.
///
/// The thread must never wait in the kernel for the device that its own process serves. If the
/// process were killed during such a wait, it could not exit, because the driver releases the
/// device only after all threads of the process have ended. (Observed on 6.17: a worker stayed in
/// blkdev_fsync and the thread in io_wq_put_and_exit forever.) So all requests of the load are
/// asynchronous. It uses durable writes, to which the block layer adds the flush, because an FSYNC
/// needs an io-wq worker. It has fewer I/Os in flight than there are tags, because a worker would
/// wait for a tag.
///
/// The struct has many properties because it owns everything that the thread uses. Half of them are
/// constants of the load.
struct LoadRunner: ~Copyable {
  private enum Action { case read, write }

  /// An I/O in flight.
  private struct Slot {
    var action = Action.read
    var block = 0
    var blocks = 0
    /// True for a write whose data are on stable storage when it completes.
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
  /// The generation in each block. 0 if the contents are unknown, because the block was never
  /// written or the write failed.
  private var generations: [UInt32]
  /// True for blocks with an I/O in flight. They get no second I/O, because its result would be
  /// unpredictable.
  private var busy: [Bool]
  private var nextGeneration: UInt32 = 0
  /// The block ranges of the last writes. Reads are drawn from them, because most blocks of a large
  /// device have nothing to verify.
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
    // The load uses at most 1 GiB of the device, because the tables below have an entry for each
    // block.
    let blocks = Int(min(size, 1 << 30) / UInt64(blockSize))
    slots = Array(repeating: Slot(), count: configuration.depth)
    generations = Array(repeating: 0, count: blocks)
    busy = Array(repeating: false, count: blocks)
  }

  /// Runs until it is stopped, its count of I/Os is reached, or the device is removed.
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

  /// True if another program has stopped the device. Every I/O fails from then on.
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

  /// Draws the next I/O of a slot, and fills the slot's buffer for a write. Returns false if no
  /// suitable blocks were found.
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

  /// Draws a range of blocks to read. If the load verifies, the range is that of an earlier write.
  /// Nil if there is none, or if the contents of one of its blocks are unknown.
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

  /// Fills the buffer of a write. All its blocks get the same new generation, which is stored in
  /// ``generations`` at once and reset to 0 if the write fails.
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
      // A short result counts as EIO: a block device transfers less only at its end or after an
      // error.
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
