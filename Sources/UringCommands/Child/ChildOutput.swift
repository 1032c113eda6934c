import Glibc
import UringBase
import UringRecordings

/// The file for a child's output while the UI owns the terminal.
struct ChildOutput {
  private let file: OutputFile
  private let isTemporary: Bool
  private let command: String

  var descriptor: Int32 { file.descriptor.rawValue }

  /// - Parameter path: nil for a file in `TMPDIR` or `/tmp`. That file gets its name only at the
  ///   end, and only if it has contents.
  init(path: String?, command: String) throws(Failure) {
    self.command = command
    isTemporary = path == nil
    do {
      file = try OutputFile(creating: path ?? Self.temporaryPath(), owner: SudoUser.current?.owner)
    } catch {
      throw Failure(error)
    }
  }

  /// Gives the file the name that the user chose, now that the command runs.
  func publish() throws(Failure) {
    guard !isTemporary else { return }
    do {
      try file.publish()
    } catch {
      throw Failure(error)
    }
  }

  /// Reports how the command ended and where its output is.
  func report(ending: ChildCommand.Ending?) {
    var parts: [String] = []
    switch ending {
    case .exited(let status)?: parts.append("\(command) ended with status \(status)")
    case .killed(let signal)?: parts.append("\(command) was ended by signal \(signal)")
    case .gone?, nil: break
    }
    var status = stat()
    if fstat(descriptor, &status) != 0 || status.st_size != 0 {
      do {
        try file.close()
        parts.append("its output is in \(file.path)")
      } catch {
        parts.append(error.description)
      }
    }
    if !parts.isEmpty { StandardError.write(parts.joined(separator: "; ")) }
  }

  private static func temporaryPath() -> String {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    return "\(folder)/uringtop-output-\(number)"
  }
}
