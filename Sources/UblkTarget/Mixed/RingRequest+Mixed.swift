import CURing

/// Requests that only the mixed load uses.
extension RingRequest {
  /// The same request with IOSQE_IO_LINK: the next request in the submission is linked behind it.
  var linked: RingRequest { with(1 << 2) }

  /// The same request, executed by an io-wq worker (IOSQE_ASYNC).
  var asynchronous: RingRequest { with(1 << 4) }

  private func with(_ flag: UInt8) -> RingRequest {
    var request = self
    request.flags |= flag
    return request
  }

  /// Opens a file for reading. `path` is the address of its path.
  static func open(path: UInt64, userData: UInt64) -> RingRequest {
    var request = RingRequest(CURING_OP_OPENAT, file: -100, address: path, userData: userData)
    request.op_flags = 0o2000000  // O_CLOEXEC
    return request
  }

  static func close(file: Int32, userData: UInt64) -> RingRequest {
    RingRequest(CURING_OP_CLOSE, file: file, userData: userData)
  }

  static func send(file: Int32, address: UInt64, length: Int, userData: UInt64) -> RingRequest {
    RingRequest(CURING_OP_SEND, file: file, address: address, length: length, userData: userData)
  }

  /// Waits until the file can be read (POLLIN).
  static func poll(file: Int32, userData: UInt64) -> RingRequest {
    var request = RingRequest(CURING_OP_POLL_ADD, file: file, userData: userData)
    request.op_flags = 1
    return request
  }

  /// Expires after a period. `time` is the address of a struct __kernel_timespec.
  static func timeout(time: UInt64, userData: UInt64) -> RingRequest {
    RingRequest(CURING_OP_TIMEOUT, file: -1, address: time, length: 1, userData: userData)
  }

  /// Cancels the previous request of the chain after a period. `time` is the address of a struct
  /// __kernel_timespec.
  static func linkTimeout(time: UInt64, userData: UInt64) -> RingRequest {
    RingRequest(CURING_OP_LINK_TIMEOUT, file: -1, address: time, length: 1, userData: userData)
  }

  /// Cancels all requests of the ring (5.19).
  static func cancelAll(userData: UInt64) -> RingRequest {
    var request = RingRequest(CURING_OP_ASYNC_CANCEL, file: -1, userData: userData)
    request.op_flags = 1 << 2 | 1 << 0  // IORING_ASYNC_CANCEL_ANY, IORING_ASYNC_CANCEL_ALL
    return request
  }
}
