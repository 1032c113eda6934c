import CBPF
import CProbe
import UringTrace

/// Keeps the fentry programs attached, if there are any.
final class SharedFlush: @unchecked Sendable {
  private let object: FlushObject?
  private let releases: ReleaseObject?

  /// Kernel functions whose addresses the programs need.
  static let functions = ReleaseObject.functions.union(["bpf_rdonly_cast", FlushObject.function])

  var isAttached: Bool { object != nil }

  /// Upper bound of the calls that no program saw.
  func missedRuns() -> UInt64 { (object?.missedRuns() ?? 0) + (releases?.missedRuns() ?? 0) }

  /// Watched functions that release buffers.
  let watched: [ReleaseFunction]

  /// One line per feature that the kernel refused although it has `fentry`, with the reason.
  let refusals: [String]

  init(configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject) {
    // If fentry is not available, a program of two instructions is refused too, and faster.
    let candidates = [FlushObject.function] + ReleaseObject.functions.sorted()
    let function = candidates.lazy.compactMap { kernel.functionTypes[$0] }.first
    let mayAttach = function.map { cbpf_allows_fentry($0) } ?? false
    var refusals: [String] = []
    var object: FlushObject?
    if mayAttach, kernel.functionParameters[FlushObject.function] == 1 {
      do {
        object = try FlushObject(configuration: configuration, kernel: kernel, capture: capture)
      } catch {
        refusals.append("requests that end without a CQE are noticed later: \(error.message)")
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
          refusals.append("returned buffers are derived, not observed: \(error.message)")
        }
      }
    }
    self.releases = releases
    self.watched = watched
    self.refusals = refusals
  }
}
