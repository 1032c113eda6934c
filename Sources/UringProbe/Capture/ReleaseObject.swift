import BPFObjects
import CProbe
import CRecord
import UringBase

/// The fentry programs that report the release of registered buffers.
///
/// If the kernel refuses them, releases are inferred from completions and from the rings' buffer
/// tables, without their exact time.
struct ReleaseObject: ~Copyable {
  private var object: BPFObject
  /// The program on a function of the module ublk_drv. It has an object of its own, because the
  /// module may not be loaded.
  private var module: BPFObject?

  /// Programs on functions of the kernel itself, not of modules. A program is used if the function
  /// has `parameters` parameters on the running kernel; `number` identifies the function in
  /// records.
  private static let programs:
    [(name: String, function: String, parameters: Int, number: ReleaseFunction)] = [
      ("free_rsrc_node", "io_free_rsrc_node", 2, .freeRsrcNode),
      ("buffer_unmap", "io_buffer_unmap", 2, .bufferUnmap),
      ("release_ubuf", "io_release_ubuf", 1, .releaseUbuf),
      ("fuse_zero_copy_release", "fuse_zero_copy_release", 1, .fuseRelease),
    ]
  private static let modulePrograms = [("ublk_io_release", "/sys/kernel/btf/ublk_drv")]

  static let functions = Set(programs.map(\.function))

  /// - Parameters:
  ///   - watched: receives the kernel's own functions to which a program was attached.
  ///   - refusals: receives one line for each program that the kernel refused.
  init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject,
    watched: inout [ReleaseFunction], refusals: inout [String]
  ) throws(ProbeError) {
    let fitting = Self.programs.filter { kernel.functionParameters[$0.function] == $0.parameters }
    guard !fitting.isEmpty else {
      throw ProbeError(.unsupportedKernel, "no traceable buffer-release function")
    }
    var loaded = Set(fitting.map(\.name))
    object = try Self.load(&loaded, configuration, kernel, capture, &refusals)
    watched = fitting.filter { loaded.contains($0.name) }.map(\.number)
    for (name, types) in Self.modulePrograms where Procfs.exists(types) {
      var loaded: Set = [name]
      do throws(ProbeError) {
        module = try Self.load(&loaded, configuration, kernel, capture, &refusals)
      } catch {
        // No notice without CAP_SYS_ADMIN, which is needed to attach to a module's function.
        if error.kind != .notPermitted {
          refusals.append("\(name) is not observed: \(error.message)")
        }
      }
    }
  }

  /// Returns the number of runs that the kernel skipped because the CPU was already running the
  /// program.
  func missedRuns() -> UInt64 {
    object.missedRunCount() + (module?.missedRunCount() ?? 0)
  }

  /// Loads and attaches the programs in `names`, and removes from `names` the programs that the
  /// kernel refuses.
  private static func load(
    _ names: inout Set<String>, _ configuration: probe_config, _ kernel: KernelBTF,
    _ capture: borrowing CaptureObject, _ refusals: inout [String]
  ) throws(ProbeError) -> BPFObject {
    let maps = (CaptureObject.outputMaps + [CaptureObject.verdictMap]).map {
      ($0, capture.mapDescriptor($0))
    }
    var refused: [String: ProbeError] = [:]
    var object = try BPFObject.load(
      .releases, on: kernel, &names, refused: &refused, isOptional: { _ in true },
      prepare: { object throws(ProbeError) in
        try object.configure(configuration)
        for (map, descriptor) in maps { try object.share(map, descriptor: descriptor) }
      })
    for name in names.sorted() {
      do throws(ProbeError) {
        try object.attach(name)
      } catch {
        names.remove(name)
        refused[name] = error
      }
    }
    for (name, error) in refused.sorted(by: { $0.key < $1.key }) {
      refusals.append("\(name) is not observed: \(error.message)")
    }
    return object
  }
}
