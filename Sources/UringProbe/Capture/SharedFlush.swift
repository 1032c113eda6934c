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

  /// Calls that no program saw, at most.
  func missedRuns() -> UInt64 { (object?.missedRuns() ?? 0) + (releases?.missedRuns() ?? 0) }

  /// Functions that give buffers back and are watched.
  let watched: [ReleaseFunction]

  init(configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject) {
    // A program of two instructions is refused as a large one is, and in no time.
    let candidates = [FlushObject.function] + ReleaseObject.functions.sorted()
    let function = candidates.lazy.compactMap { kernel.functionTypes[$0] }.first
    var mayAttach = function.map { cbpf_allows_fentry($0) } ?? false
    if mayAttach, kernel.functionParameters[FlushObject.function] == 1 {
      object = try? FlushObject(configuration: configuration, kernel: kernel, capture: capture)
      // refused once is refused always
      mayAttach = object != nil
    } else {
      object = nil
    }
    var watched: [ReleaseFunction] = []
    releases =
      mayAttach
      ? try? ReleaseObject(
        configuration: configuration, kernel: kernel, capture: capture, watched: &watched) : nil
    self.watched = watched
  }
}
