import BPFObjects
import CProbe
import CRecord
import UringBase

/// The fentry programs that see buffers being given back. Where the kernel refuses them, completions
/// and the rings' tables tell the same, without the exact time.
struct ReleaseObject: ~Copyable {
  private var object: BPFObject
  /// A module's function, in an object of its own: whether the module is there changes.
  private var module: BPFObject?

  /// The kernel's own functions, with their number of parameters.
  private static let programs:
    [(name: String, function: String, parameters: Int, number: ReleaseFunction)] = [
      ("free_rsrc_node", "io_free_rsrc_node", 2, .freeRsrcNode),
      ("buffer_unmap", "io_buffer_unmap", 2, .bufferUnmap),
      ("release_ubuf", "io_release_ubuf", 1, .releaseUbuf),
      ("fuse_zero_copy_release", "fuse_zero_copy_release", 1, .fuseRelease),
    ]
  private static let modulePrograms = [("ublk_io_release", "/sys/kernel/btf/ublk_drv")]

  static let functions = Set(programs.map(\.function))

  /// - Parameter watched: gets the functions that are watched, by their numbers in records.
  init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject,
    watched: inout [ReleaseFunction]
  ) throws(ProbeError) {
    let fitting = Self.programs.filter { kernel.functionParameters[$0.function] == $0.parameters }
    guard !fitting.isEmpty else {
      throw ProbeError(.unsupportedKernel, "no function to attach to gives buffers back")
    }
    object = try Self.load(fitting.map(\.name), configuration, kernel, capture)
    watched = fitting.map(\.number)
    for (name, types) in Self.modulePrograms where Procfs.exists(types) {
      module = try? Self.load([name], configuration, kernel, capture)
    }
  }

  /// As of ``CaptureObject``.
  func missedRuns() -> UInt64 { object.missedRuns() + (module?.missedRuns() ?? 0) }

  private static func load(
    _ names: [String], _ configuration: probe_config, _ kernel: KernelBTF,
    _ capture: borrowing CaptureObject
  ) throws(ProbeError) -> BPFObject {
    var object = try BPFObject(.releases, kernel.relocationTypes)
    try object.configure(configuration)
    object.disable(allBut: Set(names))
    for map in CaptureObject.outputMaps + ["verdicts"] {
      try object.share(map, descriptor: capture.mapDescriptor(map))
    }
    try object.load(on: kernel)
    for name in names { try object.attach(name) }
    return object
  }
}
