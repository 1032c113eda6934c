import CProcess
import SystemPackage
import UringBase
import UringDocuments
import UringProbe
import UringRecordings

/// A file that the user names as the source of a snapshot: a recording, or the JSON of a snapshot.
enum SnapshotFile {
  case recording(RecordingFile)
  case stored(StoredSnapshot)

  /// Opens the file in the same way as ``RecordingFile/init(_:for:)``.
  init(_ path: String) throws(Failure) {
    let content: Recording.Content
    do {
      content = try Recording.open(path: RecordingFile.filePath(path)) {
        RecordingFile.confine(for: PROCESS_READS)
      }
    } catch {
      throw Failure(error, path: path)
    }
    switch content {
    case .recording(let recording):
      self = .recording(RecordingFile(path: path, recording: recording))
    case .document(let text):
      do throws(StoredSnapshot.Failure) {
        defer { withExtendedLifetime(text) {} }
        self = .stored(try StoredSnapshot(text.bytes))
      } catch {
        throw Failure(ExitStatus.badRecording, "\(path): \(error)")
      }
    }
  }
}

/// A recording that the user names.
struct RecordingFile {
  let path: String
  let recording: Recording

  /// Opens the file. From then on the process has only the privileges that its remaining work
  /// needs.
  ///
  /// - Parameter path: `-` is standard input.
  init(_ path: String, for work: process_work) throws(Failure) {
    try self.init(path) { Self.confine(for: work) }
  }

  private init(_ path: String, didOpen: () -> Void) throws(Failure) {
    self.path = path
    do {
      recording = try Recording(path: Self.filePath(path), didOpen: didOpen)
    } catch {
      throw Failure(error, path: path)
    }
  }

  fileprivate init(path: String, recording: Recording) {
    self.path = path
    self.recording = recording
  }

  /// Opens two files as ``init(_:for:)`` does. Neither is read before the process has given up its
  /// privileges.
  static func pair(
    _ first: String, _ second: String, for work: process_work
  ) throws(Failure) -> (RecordingFile, RecordingFile) {
    var other: Result<RecordingFile, Failure>?
    let file = try RecordingFile(first) {
      other = Result { () throws(Failure) in try RecordingFile(second, for: work) }
    }
    // Opening the first file either throws or calls the closure, which sets `other`.
    guard let other else { throw Failure(ExitStatus.noInput, "\(first): cannot be opened") }
    return (file, try other.get())
  }

  fileprivate static func filePath(_ path: String) -> FilePath {
    FilePath(path == "-" ? "/dev/stdin" : path)
  }

  fileprivate static func confine(for work: process_work) {
    Confinement.keepOutputCapabilities(writesFiles: work != PROCESS_READS)
    _ = process_refuse_calls(work)
  }

  /// Reports on standard error which part of the recording cannot be used. Reads the rest of the
  /// file, so it must be called after all use of the recording.
  func reportFlaw() {
    if let flaw = recording.flaw {
      let used = Figures.count(recording.recordCount, "record")
      StandardError.write(
        "\(path): \(flaw); using the \(flaw.isPassed ? "rest" : "\(used) before")")
    }
  }
}
