import CBPF
import CProbe
import UringTrace

/// Keeps the fentry programs attached; has none if the kernel does not allow fentry.
final class SharedFlush: @unchecked Sendable {
  private let object: FlushObject?
  private let releases: ReleaseObject?

  /// Kernel functions that the BPF programs attach to or call, so their BTF types are needed.
  static let functions = ReleaseObject.functions.union(["bpf_rdonly_cast", FlushObject.function])

  var isAttached: Bool { object != nil }

  /// Returns an upper bound on the number of calls of the traced functions for which no program
  /// ran.
  func missedRuns() -> UInt64 { (object?.missedRuns() ?? 0) + (releases?.missedRuns() ?? 0) }

  /// Functions that release buffers and to which a program is attached.
  let watched: [ReleaseFunction]

  /// One line for each feature that the kernel refused although it has `fentry`, with the reason.
  let refusals: [String]

  init(configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject) {
    // A test program of two instructions shows faster than the real ones whether fentry is
    // available.
    let candidates = [FlushObject.function] + ReleaseObject.functions.sorted()
    let function = candidates.lazy.compactMap { kernel.functionTypes[$0] }.first
    let mayAttach = function.map { cbpf_allows_fentry($0) } ?? false
    var refusals: [String] = []
    var object: FlushObject?
    if mayAttach, kernel.functionParameters[FlushObject.function] == 1 {
      do {
        object = try FlushObject(configuration: configuration, kernel: kernel, capture: capture)
      } catch {
        refusals.append("requests that end without a CQE are detected late: \(error.message)")
      }
    }
    self.object = object
    var watched: [ReleaseFunction] = []
    var releases: ReleaseObject?
    if mayAttach {
      do {
        releases = try ReleaseObject(
          configuration: configuration, kernel: kernel, capture: capture, watched: &watched,
          refusals: &refusals)
      } catch {
        if !ReleaseObject.functions.isDisjoint(with: kernel.functionParameters.keys) {
          refusals.append("returns of buffers are derived, not observed: \(error.message)")
        }
      }
    }
    self.releases = releases
    self.watched = watched
    self.refusals = refusals
  }
}
