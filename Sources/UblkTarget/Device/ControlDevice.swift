import CURing
import Glibc

/// /dev/ublk-control, which creates and removes devices (include/uapi/linux/ublk_cmd.h).
struct ControlDevice: ~Copyable {
  static let path = "/dev/ublk-control"

  private let device: OwnedDescriptor
  private let ring: Ring
  /// A command's argument and result.
  private let memory: MappedBuffer

  /// Loads the driver if it is not there.
  init() throws(TargetError) {
    if access(Self.path, F_OK) != 0 { try KernelModule.load("ublk_drv", providing: Self.path) }
    let device = try Self.open()
    let ring = try Ring(entries: 8, setup: .largeEntries)
    let memory = try MappedBuffer(count: 4096)
    self.device = device
    self.ring = ring
    self.memory = memory
  }

  private static func open() throws(TargetError) -> OwnedDescriptor {
    do throws(TargetError) {
      return try OwnedDescriptor(open: path, O_RDWR)
    } catch {
      guard error.kind == .notPermitted else { throw error }
      throw TargetError(.notPermitted, "no permission for \(path): ublk needs root")
    }
  }

  /// Features of the driver. Before 6.5 it cannot report them, and only copies.
  func features() throws(TargetError) -> Features {
    memory.store(UInt64(0), at: 0)
    let result = try run(CURING_UBLK_GET_FEATURES, device: nil, length: 8)
    if result == -EOPNOTSUPP || result == -EINVAL { return [] }
    guard result >= 0 else {
      throw TargetError("the ublk driver does not tell its features", code: -result)
    }
    return Features(rawValue: memory.load(at: 0))
  }

  /// Creates a device. The kernel fills in the rest of the description, for example the number.
  func add(_ description: curing_ublk_device) throws(TargetError) -> curing_ublk_device {
    memory.store(description, at: 0)
    let size = MemoryLayout<curing_ublk_device>.size
    let result = try run(CURING_UBLK_ADD_DEV, device: description.id, length: size)
    guard result >= 0 else { throw TargetError("cannot add a ublk device", code: -result) }
    return memory.load(at: 0)
  }

  func setParameters(
    _ parameters: curing_ublk_parameters, of device: UInt32
  ) throws(TargetError) {
    memory.store(parameters, at: 0)
    let size = MemoryLayout<curing_ublk_parameters>.size
    let result = try run(CURING_UBLK_SET_PARAMS, device: device, length: size)
    guard result >= 0 else {
      throw TargetError("cannot set the parameters of ublk device \(device)", code: -result)
    }
  }

  /// The driver's description of a device, nil if no device has this number.
  func description(of device: UInt32) throws(TargetError) -> curing_ublk_device? {
    let size = MemoryLayout<curing_ublk_device>.size
    let result = try run(CURING_UBLK_GET_DEV_INFO, device: device, length: size)
    return result >= 0 ? memory.load(at: 0) : nil
  }

  /// Starts the block device. Waits until all tags of all queues are fetched and the partition scan has ended,
  /// which needs threads that serve the queues; returns when `isBroken` reports that one has failed.
  func start(_ device: UInt32, isBroken: () -> Bool) throws(TargetError) {
    let result = try run(
      CURING_UBLK_START_DEV, device: device, data: UInt64(getpid()), isBroken: isBroken)
    guard result >= 0 else {
      throw TargetError("cannot start ublk device \(device)", code: -result)
    }
  }

  /// Stops the block device. Waits for its I/Os, so the queues must still be served.
  func stop(_ device: UInt32) throws(TargetError) {
    let result = try run(CURING_UBLK_STOP_DEV, device: device)
    guard result >= 0 || result == -ENODEV else {
      throw TargetError("cannot stop ublk device \(device)", code: -result)
    }
  }

  /// Deletes the device once nothing has it open, for example a mounted file system. From 6.7 the kernel
  /// deletes it later by itself, so this does not wait.
  func delete(_ device: UInt32) throws(TargetError) {
    var result = try run(CURING_UBLK_DEL_DEV_ASYNC, device: device)
    if result == -EOPNOTSUPP || result == -EINVAL {
      result = try run(CURING_UBLK_DEL_DEV, device: device)
    }
    guard result >= 0 || result == -ENODEV else {
      throw TargetError("cannot delete ublk device \(device)", code: -result)
    }
  }

  private static let userData: UInt64 = 1
  private static let cancelUserData: UInt64 = 2

  /// Runs a command whose argument is the first `length` bytes of `memory`, or none if `length` is 0. Cancels it once
  /// `isBroken` returns true. Returns the result; errors are negative errnos.
  private func run(
    _ command: UInt32, device id: UInt32?, length: Int = 0, data: UInt64 = 0,
    isBroken: () -> Bool = { false }
  ) throws(TargetError) -> Int32 {
    var payload = curing_ublk_control()
    payload.device = id ?? 0
    payload.queue = .max
    payload.length = UInt16(length)
    payload.address = length > 0 ? memory.address : 0
    payload.data = data
    try ring.push(
      .ublk(command, file: device.number, payload, userData: Self.userData))
    var isCancelled = false
    while true {
      try ring.submitAndWait(nanoseconds: 100_000_000)
      while let completion = ring.pop() {
        if completion.userData == Self.userData { return completion.result }
      }
      if !isCancelled, isBroken() {
        isCancelled = true
        try ring.push(.cancel(userData: Self.userData, userData: Self.cancelUserData))
      }
    }
  }
}
