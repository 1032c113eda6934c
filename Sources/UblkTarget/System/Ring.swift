import CURing
import Glibc

/// An io_uring, used only by the thread that created it.
struct Ring: ~Copyable {
  /// Setup flags of the ring (`IORING_SETUP_*`).
  struct Setup: OptionSet {
    var rawValue: UInt32

    /// 128-byte SQEs (5.19). The control commands of ublk need more than 64 bytes.
    static let largeEntries = Setup(rawValue: 1 << 10)
    /// IORING_SETUP_SINGLE_ISSUER and IORING_SETUP_DEFER_TASKRUN (6.1): completions are processed
    /// only when the ring's thread enters the kernel.
    static let deferred = Setup(rawValue: 1 << 12 | 1 << 13)
  }

  /// A CQE.
  struct Completion {
    var userData: UInt64
    /// `res`: a number of bytes, or a negative errno.
    var result: Int32
    /// Flags of the CQE (`IORING_CQE_F_*`).
    var flags: UInt32
  }

  private let ring: OpaquePointer

  init(entries: Int, setup: Setup = []) throws(TargetError) {
    var ring: OpaquePointer?
    let status = curing_open(UInt32(entries), setup.rawValue, &ring)
    guard let ring, status == 0 else {
      throw TargetError("cannot create an io_uring", code: -status)
    }
    self.ring = ring
  }

  deinit { curing_close(ring) }

  /// The file descriptor of the ring.
  var descriptor: Int32 { curing_descriptor(ring) }

  /// Queues a request. If the submission queue is full, submits first.
  func push(_ request: RingRequest) throws(TargetError) {
    var request = request
    while curing_push(ring, &request) == 0 { try submit() }
  }

  /// Queues a chain of two linked requests. They must be in one submission, so earlier requests are
  /// submitted first if the queue lacks room.
  func push(chain: (RingRequest, RingRequest)) throws(TargetError) {
    if curing_space(ring) < 2 { try submit() }
    var head = chain.0
    head.flags |= 1 << 2  // IOSQE_IO_LINK
    try push(head)
    try push(chain.1)
  }

  /// Submits the queued requests.
  func submit() throws(TargetError) {
    let status = curing_submit(ring)
    // EBUSY means that the CQ is full; the caller reaps CQEs next. After EINTR and EAGAIN the
    // requests stay queued.
    guard status < 0, status != -EBUSY, status != -EINTR, status != -EAGAIN else { return }
    throw TargetError("cannot submit to io_uring", code: -status)
  }

  /// Submits the queued requests, and waits for a completion for at most this time.
  func submitAndWait(nanoseconds: UInt64) throws(TargetError) {
    let status = curing_submit_and_wait(ring, nanoseconds)
    let harmless = [0, -ETIME, -EINTR, -EBUSY, -EAGAIN]
    if !harmless.contains(status) { throw TargetError("cannot wait for io_uring", code: -status) }
  }

  /// Reaps one completion, if there is one.
  func pop() -> Completion? {
    var completion = Completion(userData: 0, result: 0, flags: 0)
    let found = curing_pop(ring, &completion.userData, &completion.result, &completion.flags)
    return found == 0 ? nil : completion
  }

  /// Creates an empty buffer table with `count` slots, which the ublk driver fills (5.19).
  func registerSparseBuffers(count: Int) throws(TargetError) {
    let status = curing_register_sparse_buffers(ring, UInt32(count))
    guard status == 0 else { throw TargetError("cannot register a buffer table", code: -status) }
  }

  /// Divides a buffer into parts of `size` bytes and registers them as buffers 0, 1, 2 …
  func registerBuffers(_ buffer: borrowing MappedBuffer, size: Int) throws(TargetError) {
    let status = curing_register_buffers(
      ring, buffer.address, size, UInt32(buffer.count / size))
    guard status == 0 else { throw TargetError("cannot register buffers", code: -status) }
  }

  /// Unregisters all buffers of the ring. Up to 6.12 this waits for the requests that use them.
  func unregisterBuffers() {
    _ = curing_unregister_buffers(ring)
  }
}
