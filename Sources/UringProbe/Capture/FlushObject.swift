import BPFObjects
import CProbe

/// The fentry program that reports requests that end without a CQE.
///
/// If the kernel refuses the program, BPF iterators over the rings' lists of free requests detect
/// these ends later.
struct FlushObject: ~Copyable {
  private var object: BPFObject

  /// Returns the number of runs that the kernel skipped because the CPU was already running the
  /// program.
  func missedRuns() -> UInt64 { object.missedRunCount() }

  static let function = "__io_submit_flush_completions"

  init(
    configuration: probe_config, kernel: KernelBTF, capture: borrowing CaptureObject
  ) throws(ProbeError) {
    var object = try BPFObject(.flush, kernel.relocationTypes)
    try object.configure(configuration)
    try object.share(
      CaptureObject.outputMaps + [
        CaptureObject.verdictMap, "tallies", "tally_details", "starts",
      ], of: capture)
    try object.load(on: kernel)
    try object.attach("flush_completions")
    self.object = object
  }
}
