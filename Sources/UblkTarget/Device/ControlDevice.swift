import CURing
import Glibc

/// /dev/ublk-control: makes and removes devices.
///
/// Commands and their answers: include/uapi/linux/ublk_cmd.h.
struct ControlDevice: ~Copyable {
  static let path = "/dev/ublk-control"

  private let device: OwnedDescriptor
  private let ring: Ring
  /// For a command's argument and answer.
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

  /// What the driver can do. Before 6.5 it cannot tell, and only copies.
  func features() throws(TargetError) -> Features {
    memory.store(UInt64(0), at: 0)
    let result = try run(CURING_UBLK_GET_FEATURES, device: nil, length: 8)
    if result == -EOPNOTSUPP || result == -EINVAL { return [] }
    guard result >= 0 else {
      throw TargetError("the ublk driver does not tell its features", code: -result)
    }
    return Features(rawValue: memory.load(at: 0))
  }

  /// Makes a device; the kernel completes the description, its number among it.
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

  /// What the driver knows of a device; nil if there is none of this number.
  func description(of device: UInt32) throws(TargetError) -> curing_ublk_device? {
    let size = MemoryLayout<curing_ublk_device>.size
    let result = try run(CURING_UBLK_GET_DEV_INFO, device: device, length: size)
    return result >= 0 ? memory.load(at: 0) : nil
  }

  /// Makes the block device appear. Waits until all tags of all queues are fetched and partitions
  /// were looked for, so the queues must be served; gives up when `isBroken` says that they are not.
  func start(_ device: UInt32, isBroken: () -> Bool) throws(TargetError) {
    let result = try run(
      CURING_UBLK_START_DEV, device: device, data: UInt64(getpid()), isBroken: isBroken)
    guard result >= 0 else {
      throw TargetError("cannot start ublk device \(device)", code: -result)
    }
  }

  /// Removes the block device. Waits for its I/Os, so the queues must still be served.
  func stop(_ device: UInt32) throws(TargetError) {
    let result = try run(CURING_UBLK_STOP_DEV, device: device)
    guard result >= 0 || result == -ENODEV else {
      throw TargetError("cannot stop ublk device \(device)", code: -result)
    }
  }

  /// Removes the device. Not before all that have it open are gone, which may be a mounted file
  /// system's business: where the kernel can (6.7), it is left to do that by itself.
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

  /// Runs a command with `memory` as its argument. Returns the result, errors as negative errno.
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
