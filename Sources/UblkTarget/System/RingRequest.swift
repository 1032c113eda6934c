import CURing

/// The fields of a submission queue entry (SQE).
typealias RingRequest = curing_request

extension RingRequest {
  init(
    _ opcode: curing_opcode, file: Int32, address: UInt64 = 0, length: Int = 0, offset: UInt64 = 0,
    userData: UInt64
  ) {
    self.init()
    self.opcode = UInt8(opcode.rawValue)
    self.fd = file
    self.address = address
    self.length = UInt32(length)
    self.offset = offset
    user_data = userData
  }

  /// The location of a transfer's data.
  enum Memory {
    /// An address in this process.
    case address(UInt64)
    /// A slot of the ring's buffer table. `start` is an address if the application registered the
    /// buffer, and an offset into the buffer if the kernel did.
    case slot(Int, start: UInt64)
  }

  /// The opcodes for each direction: without and with a registered buffer.
  private static let opcodes: [Direction: (plain: curing_opcode, fixed: curing_opcode)] = [
    .read: (CURING_OP_READ, CURING_OP_READ_FIXED),
    .write: (CURING_OP_WRITE, CURING_OP_WRITE_FIXED),
  ]

  /// A transfer between a file and memory.
  static func transfer(
    _ direction: Direction, file: Int32, offset: UInt64, memory: Memory, length: Int,
    userData: UInt64, isDurable: Bool = false
  ) -> RingRequest {
    let opcodes = opcodes[direction]!
    switch memory {
    case .address(let address):
      var request = RingRequest(
        opcodes.plain, file: file, address: address, length: length, offset: offset,
        userData: userData)
      if isDurable { request.op_flags = 2 }  // RWF_DSYNC
      return request
    case .slot(let slot, let start):
      var request = RingRequest(
        opcodes.fixed, file: file, address: start, length: length, offset: offset,
        userData: userData)
      request.buffer = UInt16(slot)
      return request
    }
  }

  /// Makes a file's data durable.
  static func synchronize(file: Int32, userData: UInt64) -> RingRequest {
    var request = RingRequest(CURING_OP_FSYNC, file: file, userData: userData)
    request.op_flags = 1  // IORING_FSYNC_DATASYNC
    return request
  }

  /// Calls fallocate(2). The SQE has the length in `addr` and the mode in `len` (io_uring/sync.c:
  /// io_fallocate_prep).
  static func allocate(
    file: Int32, mode: Int32, offset: UInt64, length: Int, userData: UInt64
  ) -> RingRequest {
    RingRequest(
      CURING_OP_FALLOCATE, file: file, address: UInt64(length), length: Int(mode), offset: offset,
      userData: userData)
  }

  /// Receives from a socket. Completes when all `length` bytes have arrived.
  static func receive(
    file: Int32, address: UInt64, length: Int, userData: UInt64
  ) -> RingRequest {
    var request = RingRequest(
      CURING_OP_RECV, file: file, address: address, length: length, userData: userData)
    request.op_flags = 0x100  // MSG_WAITALL
    return request
  }

  /// A zero-copy send from a registered buffer (6.0).
  static func sendZeroCopy(
    file: Int32, slot: Int, address: UInt64, length: Int, userData: UInt64
  ) -> RingRequest {
    var request = RingRequest(
      CURING_OP_SEND_ZC, file: file, address: address, length: length, userData: userData)
    request.ioprio = UInt16(CURING_SEND_FIXED_BUFFER)
    request.op_flags = 0x100  // MSG_WAITALL
    request.buffer = UInt16(slot)
    return request
  }

  /// Cancels the request with the `user_data` `target`.
  static func cancel(userData target: UInt64, userData: UInt64) -> RingRequest {
    RingRequest(CURING_OP_ASYNC_CANCEL, file: -1, address: target, userData: userData)
  }

  /// A command of a ublk queue. `automatic` has the slot and the flags for an automatically
  /// registered buffer, and is stored in sqe->addr.
  static func ublk(
    _ command: UInt32, file: Int32, _ payload: curing_ublk_io, automatic: UInt64 = 0,
    userData: UInt64
  ) -> RingRequest {
    var request = RingRequest(
      CURING_OP_URING_CMD, file: file, address: automatic, userData: userData)
    request.command = command
    request.words = 2
    let result = UInt64(UInt32(bitPattern: payload.result))
    request.payload.0 = UInt64(payload.queue) | UInt64(payload.tag) << 16 | result << 32
    request.payload.1 = payload.address
    return request
  }

  /// A command of /dev/ublk-control.
  static func ublk(
    _ command: UInt32, file: Int32, _ payload: curing_ublk_control, userData: UInt64
  ) -> RingRequest {
    var request = RingRequest(CURING_OP_URING_CMD, file: file, userData: userData)
    request.command = command
    request.words = 4
    request.payload.0 =
      UInt64(payload.device) | UInt64(payload.queue) << 32 | UInt64(payload.length) << 48
    request.payload.1 = payload.address
    request.payload.2 = payload.data
    return request
  }
}

/// The direction of a transfer, as seen from the file: a read transfers data from the file to
/// memory.
enum Direction: Hashable, Sendable {
  case read, write

  var opposite: Direction { self == .read ? .write : .read }
}
