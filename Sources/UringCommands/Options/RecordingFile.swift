import CProcess
import SystemPackage
import UringBase
import UringDocuments
import UringProbe
import UringRecordings

/// The source of a snapshot that the user names: a recording, or the JSON of a snapshot.
enum SnapshotFile {
  case recording(RecordingFile)
  case stored(StoredSnapshot)

  /// As for a ``RecordingFile``.
  init(_ path: String) throws(Failure) {
    let content: Recording.Content
    do {
      content = try Recording.open(path: RecordingFile.path(path)) {
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

  /// Opens the file. From then on the process has only the privileges that its remaining work needs.
  ///
  /// - Parameter path: `-` is standard input.
  init(_ path: String, for work: process_work) throws(Failure) {
    self.path = path
    do {
      recording = try Recording(path: Self.path(path)) { Self.confine(for: work) }
    } catch {
      throw Failure(error, path: path)
    }
  }

  fileprivate init(path: String, recording: Recording) {
    self.path = path
    self.recording = recording
  }

  fileprivate static func path(_ path: String) -> FilePath {
    FilePath(path == "-" ? "/dev/stdin" : path)
  }

  fileprivate static func confine(for work: process_work) {
    Confinement.keepOutputCapabilities(writesFiles: work != PROCESS_READS)
    _ = process_refuse_calls(work)
  }

  /// Reports on standard error which part of the recording cannot be used. Reads the rest of the file, so it must be
  /// called after all use of the recording.
  func reportFlaw() {
    if let flaw = recording.flaw {
      let used = Figures.count(recording.recordCount, "record")
      StandardError.write("\(path): \(flaw); using the \(used) before")
    }
  }
}
