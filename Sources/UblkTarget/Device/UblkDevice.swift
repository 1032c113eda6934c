import CURing
import Glibc
import Synchronization
import UringBase

/// A running ublk target: a block device, the threads that serve its queues, its backing file, and
/// the load.
public final class UblkDevice: Workload {
  /// The configuration in use; it can have fewer queues than requested.
  public let configuration: Configuration
  /// The transfer in use.
  public let transfer: Transfer
  /// The device's number: the N of /dev/ublkbN.
  public let number: UInt32

  private let features: Features
  private let backing: BackingFile
  private let reports: [QueueReport]
  private let startTime: UInt64
  private let parts: Mutex<Parts>

  /// Resources, in the order in which ``stop()`` releases them.
  private struct Parts: ~Copyable {
    var load: Load?
    var threads: [WorkerThread] = []
    var device: SharedDescriptor?
    var ownership: Ownership?
    var isStarted = false
    /// The final status of a load that has ended.
    var loadStatus: LoadStatus?
  }

  /// The features of this machine's ublk driver, for ``Transfer/best(on:)``. Loads the driver.
  public static func features() throws(TargetError) -> Features {
    try ControlDevice().features()
  }

  /// Removes ublk devices of targets whose process has exited, and returns their numbers.
  @discardableResult
  public static func recover() throws(TargetError) -> [UInt32] {
    try Ownership.recover(ControlDevice())
  }

  /// Creates the device and serves it. On failure, removes everything that was created.
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
    // The driver may have reduced both: the number of queues to the number of processors, and their
    // depth to its limit.
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
        // Created in this thread, because only one thread may use the ring, and because FETCH makes
        // the calling thread the queue's server.
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
    // START_DEV creates the node, but udev can still be changing it. This waits until it can be
    // opened.
    _ = try Self.open(path, O_RDWR)
    var configuration = configuration
    // The load has fewer I/Os in flight than one queue has tags. The submitter's processor selects
    // the queue, so all I/Os can be in one queue. An I/O without a tag would make an io-wq worker
    // wait for one, and a killed process with such a worker cannot exit.
    configuration.depth = min(configuration.depth, max(1, self.configuration.depth - 1))
    let load = try Load(
      path: path, size: self.configuration.size, blockSize: self.configuration.blockSize,
      isVerifying: self.configuration.backing != .null, configuration)
    parts.withLock { $0.load = load }
  }

  /// Opens a device node. Waits up to two seconds for the node to appear.
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
    // Large, so that there are few discards. Limited, so that the length in bytes fits into the 32
    // bits of a descriptor.
    parameters.largest_discard_sectors = 1 << 20
    parameters.largest_write_zeroes_sectors = 1 << 20
    parameters.largest_discard_segments = 1
    return parameters
  }

  // MARK: State

  /// The path of the block device.
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
      // Without a server the driver fails the I/Os. The next target that starts removes the device.
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
    // Stopping the device aborts the pending FETCH commands. This ends the threads of the queues,
    // whether or not the device was started.
    try? control.stop(number)
    let threads = parts.withLock { parts in
      let threads = parts.threads
      parts.threads = []
      return threads
    }
    for report in reports { report.isEnding.store(true, ordering: .relaxed) }
    for thread in threads { thread.join() }
    // Closes this process's descriptor first, because the kernel frees the device only when nothing
    // has it open.
    parts.withLock { $0.device = nil }
    do throws(TargetError) {
      try control.delete(number)
      ownership.release()
    } catch {
      // The ownership file remains, so that the next target that starts removes the device.
    }
  }
}

extension Configuration.Backing {
  /// The name in ``Status/backing``.
  var name: String {
    switch self {
    case .file(let path): path
    case .memory: "memory"
    case .null: "null"
    }
  }
}
