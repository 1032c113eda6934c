import CURing
import Glibc

/// The control device /dev/ublk-control, which creates and removes ublk devices
/// (include/uapi/linux/ublk_cmd.h).
struct ControlDevice: ~Copyable {
  static let path = "/dev/ublk-control"

  private let device: OwnedDescriptor
  private let ring: Ring
  /// Memory for the argument and the result of a command.
  private let memory: MappedBuffer

  /// Opens the control device. Loads the driver if the device node is missing.
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

  /// The features of the driver. Before 6.5 the driver cannot report them; it then has none, and
  /// data are transferred by copying.
  func features() throws(TargetError) -> Features {
    memory.store(UInt64(0), at: 0)
    let result = try run(CURING_UBLK_GET_FEATURES, device: nil, length: 8)
    if result == -EOPNOTSUPP || result == -EINVAL { return [] }
    guard result >= 0 else {
      throw TargetError("the ublk driver does not report its features", code: -result)
    }
    return Features(rawValue: memory.load(at: 0))
  }

  /// Creates a device. Returns the description as completed by the kernel, for example with the
  /// device's number.
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

  /// The driver's description of a device. Nil if no device has this number.
  func description(of device: UInt32) throws(TargetError) -> curing_ublk_device? {
    let size = MemoryLayout<curing_ublk_device>.size
    let result = try run(CURING_UBLK_GET_DEV_INFO, device: device, length: size)
    return result >= 0 ? memory.load(at: 0) : nil
  }

  /// Starts the block device. Waits until all tags of all queues are fetched and the partition scan
  /// has ended. Both need running threads that serve the queues. Gives up when `isBroken` reports
  /// that such a thread has failed.
  func start(_ device: UInt32, isBroken: () -> Bool) throws(TargetError) {
    let result = try run(
      CURING_UBLK_START_DEV, device: device, data: UInt64(getpid()), isBroken: isBroken)
    guard result >= 0 else {
      throw TargetError("cannot start ublk device \(device)", code: -result)
    }
  }

  /// Stops the block device. Waits for its I/Os, so the threads of the queues must still serve
  /// them.
  func stop(_ device: UInt32) throws(TargetError) {
    let result = try run(CURING_UBLK_STOP_DEV, device: device)
    guard result >= 0 || result == -ENODEV else {
      throw TargetError("cannot stop ublk device \(device)", code: -result)
    }
  }

  /// Deletes the device. From 6.7 this does not wait: the kernel deletes the device by itself once
  /// nothing, for example a mounted file system, has it open. Before 6.7 this waits until then.
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

  /// Runs a command. Its argument is the first `length` bytes of `memory`; there is none if
  /// `length` is 0. Cancels the command once `isBroken` returns true. Returns the command's result,
  /// which is a negative errno for an error.
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
