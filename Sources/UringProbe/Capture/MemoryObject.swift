import BPFObjects
import CProbe

/// The programs on system calls that take memory away. They write records.
///
/// While they are attached, every system call of the machine is some 60 ns slower.
final class MemoryObject: @unchecked Sendable {
  // Only kept: nothing is asked of it.
  private let object: BPFObject

  private static let calls = ["munmap", "mremap", "madvise", "mmap"]

  /// Nil if system calls are not watched. By default they are if processes are named and the kernel allows it.
  static func ifWanted(
    _ options: LiveSession.Options, _ configuration: probe_config, _ kernel: KernelBTF,
    _ capture: borrowing CaptureObject
  ) throws(ProbeError) -> MemoryObject? {
    guard options.filter.watchesCalls ?? !options.filter.pids.isEmpty else { return nil }
    do throws(ProbeError) {
      return try MemoryObject(configuration: configuration, kernel: kernel, capture: capture)
    } catch {
      if options.filter.watchesCalls == true { throw error }
      return nil
    }
  }

  private init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject
  ) throws(ProbeError) {
    var object = try BPFObject(.memory, kernel.relocationTypes)
    try object.configure(configuration)
    for map in CaptureObject.outputMaps + ["verdicts", "user_stacks"] {
      try object.share(map, descriptor: capture.mapDescriptor(map))
    }
    try object.load(on: kernel)
    for call in Self.calls {
      try object.attach("call_ends", toSystemCall: "sys_exit_\(call)")
      try object.attach("call_begins", toSystemCall: "sys_enter_\(call)")
    }
    self.object = object
  }
}
