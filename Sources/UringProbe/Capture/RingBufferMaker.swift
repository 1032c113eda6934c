import CBPF
import Glibc
import Synchronization
import UringBase

/// Creates the ring buffer on a separate thread, because it takes time: the kernel clears and maps it page by page.
final class RingBufferMaker {
  private let thread: WorkerThread
  private var hasJoined = false
  private let box: Box

  /// - Parameter size: a power of two of at least a page.
  init(size: Int) throws(ProbeError) {
    let box = try Box()
    self.box = box
    thread = try WorkerThread("ring buffer", orThrow: ProbeError.thread) {
      let map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, UInt32(size), nil)
      box.map.withLock { $0 = map }
      box.isMade.signal()
      guard map >= 0 else { return }
      do throws(ProbeError) {
        box.reader = try RingBufferReader(descriptor: map, size: size)
      } catch {
        box.failure = error
      }
    }
  }

  deinit {
    join()
    if let map = box.map.withLock({ $0 }), map >= 0 { close(map) }
  }

  /// Waits for the map and returns its descriptor, valid as long as this object.
  func map() throws(ProbeError) -> Int32 {
    while true {
      if let map = box.map.withLock({ $0 }) {
        guard map < 0 else { return map }
        throw ProbeError.refusal(map, otherwise: .refused, "the kernel refused the ring buffer")
      }
      box.isMade.wait(nanoseconds: 1_000_000_000)
    }
  }

  /// Waits for the buffer's reader and returns it; succeeds once.
  func reader() throws(ProbeError) -> RingBufferReader {
    join()
    if let failure = box.failure { throw failure }
    guard let reader = box.reader.take() else {
      throw ProbeError(.system, "the ring buffer was not mapped")
    }
    return reader
  }

  private func join() {
    if !hasJoined { thread.join() }
    hasJoined = true
  }

  /// Filled in by the thread. Members without a lock are read only after the thread has ended.
  private final class Box: @unchecked Sendable {
    /// A descriptor or a negative errno.
    let map = Mutex<Int32?>(nil)
    let isMade: EventDescriptor
    var reader: RingBufferReader?
    var failure: ProbeError?

    init() throws(ProbeError) { isMade = try EventDescriptor() }
  }
}
