import BPFObjects
import CBPF
import Glibc
import UringBase

/// The capture programs before they are configured: everything about them that needs nothing known of the
/// kernel, and takes long.
struct OpenedCapture: ~Copyable {
  let object: BPFObject
  let ringBufferSize: Int

  /// - Parameter ringBufferSize: a power of two of at least a page.
  init(ringBufferSize: Int, relocationTypes: RelocationTypes) throws(ProbeError) {
    let object = try BPFObject(.capture, relocationTypes)
    object.setEntries(UInt32(ringBufferSize), of: "records")
    // The kernel clears the buffer's memory. Where it refuses the map, the load reports it.
    let map = bpf_map_create(
      BPF_MAP_TYPE_RINGBUF, "records", 0, 0, UInt32(ringBufferSize), nil)
    if map >= 0 {
      defer { close(map) }
      try object.share("records", descriptor: map)
    }
    self.object = object
    self.ringBufferSize = ringBufferSize
  }
}

/// Opens the capture programs on a thread of its own, while the caller reads the kernel's type information.
struct CaptureOpener: ~Copyable {
  private let thread: WorkerThread
  private let box = Box()

  init(ringBufferSize: Int, relocationTypes: RelocationTypes) throws(ProbeError) {
    let box = box
    thread = try WorkerThread("opener", orThrow: ProbeError.thread) {
      do throws(ProbeError) {
        box.opened = try OpenedCapture(
          ringBufferSize: ringBufferSize, relocationTypes: relocationTypes)
      } catch {
        box.failure = error
      }
    }
  }

  /// Waits for it.
  consuming func finish() throws(ProbeError) -> OpenedCapture {
    thread.join()
    if let failure = box.failure { throw failure }
    guard let opened = box.opened.take() else {
      throw ProbeError(.system, "the BPF object capture was not opened")
    }
    return opened
  }

  /// Waits for it and gives it up.
  consuming func abandon() { thread.join() }

  /// Filled in by the thread, read when it has ended.
  private final class Box: @unchecked Sendable {
    var opened: OpenedCapture?
    var failure: ProbeError?
  }
}
