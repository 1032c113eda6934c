import Glibc
import UringBase
import UringRecordings

/// Messages for the user, one line each.
enum StandardError {
  static func write(_ message: String) {
    let bytes = Array("uringtop: \(message.printable)\n".utf8)
    // Does not block on a pipe that nobody reads: signals may be blocked, so nothing could end the
    // wait.
    var event = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&event, 1, 1_000) != 0 else { return }
    _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// Results for the user or the next program.
enum StandardOutput {
  static func write(_ text: PlainText) throws(Failure) { try write(text.bytes) }

  static func write(_ bytes: [UInt8]) throws(Failure) {
    do {
      try OutputFile(creating: "-", owner: nil).write(bytes)
    } catch {
      throw Failure(error)
    }
  }
}
