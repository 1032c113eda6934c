import Glibc
import UringBase

/// Where a child's output goes while the UI owns the terminal.
struct ChildOutput {
  let path: String
  let descriptor: Int32
  private let isTemporary: Bool
  private let command: String

  /// - Parameter path: nil makes a file in `TMPDIR` or `/tmp`.
  init(path: String?, command: String) throws(Failure) {
    self.command = command
    isTemporary = path == nil
    if let path {
      self.path = path
      descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    } else {
      let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
      var template = Array("\(folder)/uringtop-output-XXXXXX".utf8CString)
      descriptor = template.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      self.path = CString.decode(template)
    }
    guard descriptor >= 0 else {
      throw Failure(
        ExitStatus.cannotCreate,
        "cannot write the command's output to \(self.path): \(CString.error(errno))")
    }
    if let user = SudoUser.current { _ = fchown(descriptor, user.uid, user.gid) }
  }

  /// Says how the command ended and where its output is; an empty temporary file is removed.
  func report(ending: ChildCommand.Ending?) {
    var status = stat()
    let isEmpty = fstat(descriptor, &status) == 0 && status.st_size == 0
    close(descriptor)
    if isTemporary, isEmpty { unlink(path) }
    var parts: [String] = []
    switch ending {
    case .exited(let status)?: parts.append("\(command) ended with status \(status)")
    case .killed(let signal)?: parts.append("\(command) was ended by signal \(signal)")
    case .gone?, nil: break
    }
    if !isEmpty { parts.append("its output is in \(path)") }
    if !parts.isEmpty { StandardError.write(parts.joined(separator: "; ")) }
  }
}
