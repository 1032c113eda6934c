import CURing
import Glibc
import Synchronization
import UringTrace

/// A ublk target that serves: a block device, its queues' threads, its backing and the load.
public final class UblkDevice: Workload {
  /// As it was granted: the queues may be fewer than were asked for.
  public let configuration: Configuration
  /// The transfer that is used.
  public let transfer: Transfer
  /// The N of /dev/ublkbN.
  public let number: UInt32

  private let features: Features
  private let backing: BackingFile
  private let reports: [QueueReport]
  private let startTime: UInt64
  private let parts: Mutex<Parts>

  /// What is taken down by ``stop()``, in its order.
  private struct Parts: ~Copyable {
    var load: Load?
    var threads: [WorkerThread] = []
    var device: SharedDescriptor?
    var ownership: Ownership?
    var isStarted = false
    /// Of a load that has ended.
    var loadStatus: LoadStatus?
  }

  /// What this machine's driver can do, for ``Transfer/best(on:)``. Loads the driver.
  public static func features() throws(TargetError) -> Features {
    try ControlDevice().features()
  }

  /// Removes what dead targets of ours left. Returns the numbers of their devices.
  @discardableResult
  public static func recover() throws(TargetError) -> [UInt32] {
    try Ownership.recover(ControlDevice())
  }

  /// Makes the device and serves it. What failed half way is taken down again.
  public init(_ configuration: Configuration) throws(TargetError) {
    try configuration.validate()
    let control = try ControlDevice()
    try Ownership.recover(control)
    let features = try control.features()
    let transfer = configuration.transfer ?? .best(on: features)
    guard features.isSuperset(of: transfer.features) else {
      throw TargetError(
        .unsupported, "this kernel's ublk driver has no \(transfer.rawValue) transfer")
    }
    for injection in configuration.injections { try injection.validate(transfer: transfer) }
    self.transfer = transfer
    self.features = features
    backing = try BackingFile(configuration)
    startTime = MonotonicClock.now()

    var ownership = try Ownership()
    let description: curing_ublk_device
    do throws(TargetError) {
      description = try control.add(
        Self.description(configuration, transfer, features, mark: ownership.mark))
    } catch {
      ownership.release()
      throw error
    }
    number = description.id
    // The driver makes no more queues than there are processors, and no deeper ones than it can.
    var made = configuration
    made.queues = Int(description.queues)
    made.depth = Int(description.depth)
    self.configuration = made
    reports = (0..<made.queues).map { QueueReport(queue: $0, configuration: made) }
    parts = Mutex(Parts(ownership: ownership))
    do throws(TargetError) {
      guard Features(rawValue: description.features).isSuperset(of: transfer.features) else {
        throw TargetError(
          .unsupported, "the ublk driver did not grant the \(transfer.rawValue) transfer")
      }
      try ownership.note(device: number)
      try start(control)
    } catch {
      stop(control)
      throw error
    }
  }

  deinit { stop() }

  private static func description(
    _ configuration: Configuration, _ transfer: Transfer, _ features: Features, mark: UInt64
  ) -> curing_ublk_device {
    var description = curing_ublk_device()
    description.queues = UInt16(configuration.queues)
    description.depth = UInt16(configuration.depth)
    description.largest_io = UInt32(configuration.largestIO)
    description.id = .max
    description.server = getpid()
    description.features = transfer.features.union(.ioctlEncoding).rawValue
    description.server_flags = mark
    return description
  }

  // MARK: Starting

  private func start(_ control: borrowing ControlDevice) throws(TargetError) {
    try control.setParameters(parameters, of: number)
    let device = SharedDescriptor(try Self.open("/dev/ublkc\(number)", O_RDWR))
    parts.withLock { $0.device = device }
    for report in reports { try startQueue(report, device: device.number) }
    let reports = reports
    try control.start(number) { reports.contains { $0.failure != nil } }
    parts.withLock { $0.isStarted = true }
    if let load = configuration.load { try startLoad(load) }
    for report in reports { report.makesFaults.store(true, ordering: .relaxed) }
  }

  private func startQueue(_ report: QueueReport, device: Int32) throws(TargetError) {
    let queue = report.status.queue
    let configuration = configuration
    let transfer = transfer
    let features = features
    let backing = backing.descriptor
    let thread = try WorkerThread("ublk-queue-\(queue)", orThrow: TargetError.thread) {
      do throws(TargetError) {
        // Made here: the ring's first user is its only one, and FETCH makes this thread the server.
        var server = try QueueServer(
          queue: queue, configuration: configuration, transfer: transfer, features: features,
          device: device, backing: backing, report: report)
        try server.run()
      } catch {
        report.update { $0.failure = error }
      }
    }
    parts.withLock { $0.threads.append(thread) }
  }

  private func startLoad(_ configuration: LoadConfiguration) throws(TargetError) {
    // The node comes with START_DEV; udev may change it for a moment.
    _ = try Self.open(path, O_RDWR)
    var configuration = configuration
    // All may meet in one queue, as it is the submitter's processor that chooses it; and a worker
    // that waits for a tag would keep a killed process from ending.
    configuration.depth = min(configuration.depth, max(1, self.configuration.depth - 1))
    let load = try Load(
      path: path, size: self.configuration.size, blockSize: self.configuration.blockSize,
      isVerifying: self.configuration.backing != .null, configuration)
    parts.withLock { $0.load = load }
  }

  /// Opens a node that may take a moment to appear.
  private static func open(_ path: String, _ flags: Int32) throws(TargetError) -> OwnedDescriptor {
    for _ in 0..<100 {
      if let device = try? OwnedDescriptor(open: path, flags) { return device }
      usleep(20_000)
    }
    return try OwnedDescriptor(open: path, flags)
  }

  private var parameters: curing_ublk_parameters {
    let shift = UInt8(configuration.blockSize.trailingZeroBitCount)
    var parameters = curing_ublk_parameters()
    parameters.length = UInt32(MemoryLayout<curing_ublk_parameters>.size)
    parameters.kinds = CURING_UBLK_BASIC | CURING_UBLK_DISCARD
    parameters.attributes = CURING_UBLK_VOLATILE_CACHE
    parameters.logical_block_shift = shift
    parameters.physical_block_shift = max(shift, 12)
    parameters.optimal_io_shift = max(shift, 12)
    parameters.minimal_io_shift = shift
    parameters.largest_io_sectors = UInt32(configuration.largestIO >> 9)
    parameters.sectors = configuration.size >> 9
    parameters.discard_alignment = 0
    parameters.discard_granularity = 4096
    // Large enough to be few, and within the 32 bits of a descriptor's length in bytes.
    parameters.largest_discard_sectors = 1 << 20
    parameters.largest_write_zeroes_sectors = 1 << 20
    parameters.largest_discard_segments = 1
    return parameters
  }

  // MARK: What is seen of it

  /// The block device.
  public var path: String { "/dev/ublkb\(number)" }

  public var status: Status {
    let load = parts.withLock { $0.load?.status ?? $0.loadStatus }
    return Status(
      target: .ublk, mode: transfer.rawValue, device: path, backing: configuration.backing.name,
      isDirect: backing.isDirect, size: configuration.size, blockSize: configuration.blockSize,
      time: MonotonicClock.now(), startTime: startTime, queues: reports.map(\.status), load: load,
      failure: reports.lazy.compactMap(\.failure).first?.description)
  }

  public var records: [IORecord] {
    reports.flatMap(\.records).sorted { $0.fetched < $1.fetched }
  }

  // MARK: Stopping

  public func stop() {
    guard parts.withLock({ $0.ownership != nil }) else { return }
    do throws(TargetError) {
      stop(try ControlDevice())
    } catch {
      // Without its server the driver fails the I/Os; the next start removes the device.
    }
  }

  private func stop(_ control: borrowing ControlDevice) {
    for report in reports {
      report.makesFaults.store(false, ordering: .relaxed)
      report.isReleasing.store(true, ordering: .relaxed)
    }
    guard
      let ownership = parts.withLock({ parts in
        let ownership = parts.ownership
        parts.ownership = nil
        return ownership
      })
    else { return }
    if let load = parts.withLock({ $0.load }) {
      load.requestStop()
      load.join()
      parts.withLock {
        $0.loadStatus = load.status
        $0.load = nil
      }
    }
    // The queues' threads end by this, whether the device was started or not: their fetches abort.
    try? control.stop(number)
    let threads = parts.withLock { parts in
      let threads = parts.threads
      parts.threads = []
      return threads
    }
    for report in reports { report.isEnding.store(true, ordering: .relaxed) }
    for thread in threads { thread.join() }
    // The device is freed once nothing has it open, so ours is closed first.
    parts.withLock { $0.device = nil }
    do throws(TargetError) {
      try control.delete(number)
      ownership.release()
    } catch {
      // Its file stays: the next start removes it.
    }
  }
}

extension Configuration.Backing {
  /// As in ``Status/backing``.
  var name: String {
    switch self {
    case .file(let path): path
    case .memory: "memory"
    case .null: "null"
    }
  }
}
