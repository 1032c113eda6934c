import Glibc
import UringTrace

/// The file that `record` writes.
///
/// It is created when the capture is ready, so that a start that fails leaves no file.
final class Recorder: Sendable {
  private let path: String
  private let format: TraceFormat
  private let writer = Slot()

  init(path: String, format: TraceFormat) {
    self.path = path
    self.format = format
  }

  /// Creates the file; called once, before the first record.
  func start(host: HostDescription) throws(Failure) -> RecordingWriter {
    let header = RecordingHeader(toolVersion: Version.current, host: host)
    do {
      let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
      let started = try RecordingWriter(output: file, encoder: format.makeEncoder(header: header))
      writer.value = started
      return started
    } catch {
      throw Failure(error)
    }
  }

  var hasFailed: Bool { writer.value?.failure != nil }

  /// Completes the file.
  ///
  /// - Returns: a line for the user.
  func finish(lost: UInt64) throws(Failure) -> String {
    guard let writer = writer.value else { return "nothing was recorded" }
    do {
      let summary = try writer.finish(lostInKernel: lost)
      let lostText = lost + summary.lostToOutput == 0 ? "none lost" : "\(lost + summary.lostToOutput) lost"
      let target = path == "-" ? "standard output" : path
      return "\(summary.records) records, \(lostText), in \(target)"
    } catch {
      throw Failure(error)
    }
  }

  /// The start failed: removes the file that nothing was recorded to.
  func discard() {
    guard let writer = writer.value else { return }
    _ = try? writer.finish(lostInKernel: 0)
    var status = stat()
    if path != "-", lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { unlink(path) }
  }

  /// Set once, before the capture's thread starts.
  private final class Slot: @unchecked Sendable {
    var value: RecordingWriter?
  }
}
