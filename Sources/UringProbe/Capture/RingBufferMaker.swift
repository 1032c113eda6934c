import CBPF
import Glibc
import Synchronization
import UringBase

/// Makes the ring buffer on a thread of its own: the kernel clears its memory, and maps it page by page.
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

  /// The map, as soon as it is there. Valid as long as this object.
  func map() throws(ProbeError) -> Int32 {
    while true {
      if let map = box.map.withLock({ $0 }) {
        guard map < 0 else { return map }
        throw ProbeError.refusal(map, otherwise: .refused, "the kernel refused the ring buffer")
      }
      box.isMade.wait(nanoseconds: 1_000_000_000)
    }
  }

  /// Its reader, once.
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

  /// Filled in by the thread; what has no lock is read after its end.
  private final class Box: @unchecked Sendable {
    /// A descriptor or a negative errno.
    let map = Mutex<Int32?>(nil)
    let isMade: EventDescriptor
    var reader: RingBufferReader?
    var failure: ProbeError?

    init() throws(ProbeError) { isMade = try EventDescriptor() }
  }
}
