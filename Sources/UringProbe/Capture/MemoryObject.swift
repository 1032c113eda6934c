import BPFObjects
import CProbe

/// The BPF programs on system calls that unmap or discard memory.
///
/// While they are attached, every system call on the machine takes about 60 ns longer.
final class MemoryObject: @unchecked Sendable {
  // The only purpose of this property is to keep the programs attached as long as this value
  // exists.
  private let object: BPFObject

  private static let calls = ["munmap", "mremap", "madvise", "mmap"]

  init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject
  ) throws(ProbeError) {
    var object = try BPFObject(.memory, kernel.relocationTypes)
    try object.configure(configuration)
    try object.share(
      CaptureObject.outputMaps + [CaptureObject.verdictMap, "user_stacks"], of: capture)
    try object.load(on: kernel)
    let tracefs = try Tracefs()
    for call in Self.calls {
      try object.attach("call_ends", toSystemCall: "sys_exit_\(call)", in: tracefs)
      try object.attach("call_begins", toSystemCall: "sys_enter_\(call)", in: tracefs)
    }
    self.object = object
  }
}
