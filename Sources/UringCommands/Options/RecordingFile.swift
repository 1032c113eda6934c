import CProcess
import SystemPackage
import UringBase
import UringProbe
import UringRecordings

/// A recording that the user names.
struct RecordingFile {
  let path: String
  let recording: Recording

  /// Opens the file. From then on the process has only the privileges that its remaining work needs.
  ///
  /// - Parameter path: `-` is standard input.
  init(_ path: String, for work: process_work) throws(Failure) {
    self.path = path
    do {
      recording = try Recording(path: FilePath(path == "-" ? "/dev/stdin" : path)) {
        Confinement.keepOutputCapabilities(writesFiles: work != PROCESS_READS)
        _ = process_refuse_calls(work)
      }
    } catch {
      throw Failure(error, path: path)
    }
  }

  /// Reports on standard error which part of the recording cannot be used. Reads the rest of the file, so it must be
  /// called after all use of the recording.
  func reportFlaw() {
    if let flaw = recording.flaw {
      let used = Figures.count(recording.recordCount, "record")
      StandardError.write(
        "\(path): \(flaw); using the \(flaw.isPassed ? "rest" : "\(used) before")")
    }
  }
}
