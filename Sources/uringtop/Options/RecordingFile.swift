import SystemPackage
import UringTrace

/// Opens recordings that the user names.
enum RecordingFile {
  /// Opens a recording; says on standard error what of it cannot be used.
  static func open(_ path: String) throws(Failure) -> Recording {
    let recording: Recording
    do {
      recording = try Recording(path: FilePath(path == "-" ? "/dev/stdin" : path))
    } catch {
      throw Failure(error, path: path)
    }
    if let flaw = recording.flaw {
      StandardError.write("\(path): \(flaw); using the \(recording.recordCount) records before")
    }
    return recording
  }
}
