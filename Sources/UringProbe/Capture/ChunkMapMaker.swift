import CBPF
import CProbe
import Glibc
import Synchronization
import UringBase

/// Creates the BPF array whose elements are the chunks of the record buffer.
///
/// The creation takes long, because the kernel clears the array's memory page by page. So it runs
/// on a separate thread, while the caller's thread reads the kernel's types.
final class ChunkMapMaker {
  private let thread: WorkerThread
  private let box: Box
  /// Number of chunks in the array, including the unused chunk 0.
  let count: Int

  /// - Parameter size: bytes for records; at least one chunk is created besides chunk 0.
  init(size: Int) throws(ProbeError) {
    let count = max(1, size / ChunkMemory.chunkSize) + 1
    let box = try Box()
    self.box = box
    self.count = count
    thread = try WorkerThread("record buffer", orThrow: ProbeError.thread) {
      var options = bpf_map_create_opts()
      options.sz = MemoryLayout<bpf_map_create_opts>.size
      options.map_flags = UInt32(BPF_F_MMAPABLE)
      let map = bpf_map_create(
        BPF_MAP_TYPE_ARRAY, "chunks", 4, UInt32(ChunkMemory.chunkSize), UInt32(count), &options)
      box.map.withLock { $0 = map }
      box.isMade.signal()
    }
  }

  deinit {
    thread.join()
    if let map = box.map.withLock({ $0 }), map >= 0 { close(map) }
  }

  /// Waits for the BPF array and returns its descriptor, which is valid as long as this object
  /// exists.
  func map() throws(ProbeError) -> Int32 {
    while true {
      if let map = box.map.withLock({ $0 }) {
        guard map < 0 else { return map }
        throw ProbeError.refusal(map, otherwise: .refused, "the kernel refused the record buffer")
      }
      box.isMade.wait(nanoseconds: 1_000_000_000)
    }
  }

  private final class Box: Sendable {
    /// Descriptor of the BPF array, or a negative errno; nil while the thread creates the array.
    let map = Mutex<Int32?>(nil)
    let isMade: EventDescriptor

    init() throws(ProbeError) { isMade = try EventDescriptor() }
  }
}
