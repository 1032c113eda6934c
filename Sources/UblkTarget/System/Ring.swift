import CURing
import Glibc

/// An io_uring, used only by the thread that created it.
struct Ring: ~Copyable {
  /// `IORING_SETUP_*`.
  struct Setup: OptionSet {
    var rawValue: UInt32

    /// 128-byte SQEs (5.19): control commands of ublk need more than 64.
    static let largeEntries = Setup(rawValue: 1 << 10)
    /// Completions run only when we enter the kernel, in order with our work (6.1).
    static let deferred = Setup(rawValue: 1 << 12 | 1 << 13)
  }

  /// A CQE.
  struct Completion {
    var userData: UInt64
    /// Bytes or a negative errno.
    var result: Int32
    /// `IORING_CQE_F_*`.
    var flags: UInt32
  }

  private let ring: OpaquePointer

  init(entries: Int, setup: Setup = []) throws(TargetError) {
    var ring: OpaquePointer?
    let status = curing_open(UInt32(entries), setup.rawValue, &ring)
    guard let ring, status == 0 else {
      throw TargetError("cannot make an io_uring", code: -status)
    }
    self.ring = ring
  }

  deinit { curing_close(ring) }

  /// The ring's own descriptor.
  var descriptor: Int32 { curing_descriptor(ring) }

  /// Queues a request. If the queue is full, submits first.
  func push(_ request: RingRequest) throws(TargetError) {
    var request = request
    while curing_push(ring, &request) == 0 { try submit() }
  }

  /// Queues a chain, whose requests must be in one submission.
  func push(chain: (RingRequest, RingRequest)) throws(TargetError) {
    if curing_space(ring) < 2 { try submit() }
    var head = chain.0
    head.flags |= 1 << 2  // IOSQE_IO_LINK
    try push(head)
    try push(chain.1)
  }

  /// Submits what is queued.
  func submit() throws(TargetError) {
    let status = curing_submit(ring)
    // EBUSY: the CQ is full, the caller reaps next. EINTR, EAGAIN: the requests stay queued.
    guard status < 0, status != -EBUSY, status != -EINTR, status != -EAGAIN else { return }
    throw TargetError("cannot submit to io_uring", code: -status)
  }

  /// Submits, and waits for a completion up to the time limit.
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

  /// Creates an empty buffer table for the driver to fill (5.19).
  func registerSparseBuffers(count: Int) throws(TargetError) {
    let status = curing_register_sparse_buffers(ring, UInt32(count))
    guard status == 0 else { throw TargetError("cannot register a buffer table", code: -status) }
  }

  /// Registers the parts of a buffer, `size` bytes each, as buffers 0, 1, 2 …
  func registerBuffers(_ buffer: borrowing MappedBuffer, size: Int) throws(TargetError) {
    let status = curing_register_buffers(
      ring, buffer.address, size, UInt32(buffer.count / size))
    guard status == 0 else { throw TargetError("cannot register buffers", code: -status) }
  }

  /// Unregisters the buffers. Up to 6.12 this waits for requests that use them.
  func unregisterBuffers() {
    _ = curing_unregister_buffers(ring)
  }
}
