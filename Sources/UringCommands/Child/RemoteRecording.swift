import CSpawn
import Glibc
import Synchronization
import UringBase
import UringRecordings
import UringSources

/// `uringtop record` on another machine, through ssh.
///
/// ssh runs as the user who called sudo and keeps the terminal, so that it can ask for a password.
/// It is started before uringtop gives up any privileges, and ends with uringtop.
final class RemoteRecording {
  /// Environment variable: a program to call instead of `ssh`, with the same arguments.
  static let programVariable = "URINGTOP_SSH"

  let host: String
  private let child: ChildCommand
  private let output: Int32
  private let errors: Int32
  private var messages: RemoteMessages?

  /// Starts ssh.
  ///
  /// - Parameters:
  ///   - program: the command that calls uringtop on the host, as words for the host's shell.
  ///   - arguments: further arguments of `record`.
  init(host: String, program: String, arguments: [String]) throws(Failure) {
    self.host = host
    let (output, outputEnd) = try Self.pipe()
    let (errors, errorsEnd) = try Self.pipe()
    defer {
      close(outputEnd)
      close(errorsEnd)
    }
    self.output = output
    self.errors = errors
    let ssh = getenv(Self.programVariable).map { String(cString: $0) } ?? "ssh"
    let words = ["record", "--format", "uring", "-o", "-"] + arguments
    let command = ([program] + words.map(Self.quoted)).joined(separator: " ")
    child = try ChildCommand(
      holding: [ssh, "--", host, command],
      streams: .separate(output: outputEnd, error: errorsEnd))
    try child.release()
  }

  /// Waits until the recording has begun. Starts a thread, which needs no privileges.
  func open() throws(Failure) -> OpenStream {
    let messages = try RemoteMessages(errors, host: host)
    self.messages = messages
    do throws(RecordingError) {
      return try OpenStream(output)
    } catch {
      // The last messages from the host explain the error: they are printed first.
      messages.finish()
      guard error == .truncatedHeader else { throw Failure(error, path: host) }
      throw Failure(ExitStatus.noInput, "\(host): the connection ended before the recording began")
    }
  }

  /// Keeps messages from the host from now on, instead of printing them. Returns a function that
  /// takes the kept messages.
  func keepMessages() -> @Sendable () -> [String] {
    messages?.keep()
    return { [messages] in messages?.take() ?? [] }
  }

  private static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    let error = spawn_pipe(&ends)
    guard error == 0 else {
      throw Failure(ExitStatus.system, "cannot create a pipe: \(CString.error(error))")
    }
    return (ends[0], ends[1])
  }

  /// The word, quoted for a shell if necessary.
  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "-_./,=:".utf8.contains(byte)
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}

/// The messages of ssh and of the host's uringtop, from their standard error. They are printed
/// until the screen is shown, and kept from then on.
private final class RemoteMessages: Sendable {
  private struct State {
    var kept: [String] = []
    var isKeeping = false
  }

  /// Maximum number of lines that are kept at a time.
  private static let most = 20
  private static let longestLine = 4096

  private let state: Mutex<State>
  private let isAtEnd = Monitor(false)

  /// - Parameter descriptor: the read end of the pipe for messages, owned by this object from now
  ///   on.
  init(_ descriptor: Int32, host: String) throws(Failure) {
    state = Mutex(State())
    do throws(ThreadError) {
      try WorkerThread("messages", orThrow: ThreadError.init) { [self] in
        read(descriptor, host)
        isAtEnd.change { $0 = true }
      }.detach()
    } catch {
      throw Failure(error)
    }
  }

  func keep() { state.withLock { $0.isKeeping = true } }

  func take() -> [String] {
    state.withLock { state in
      defer { state.kept = [] }
      return state.kept
    }
  }

  /// Waits for the last message, at most a second.
  func finish() {
    isAtEnd.wait(until: MonotonicClock.now() + 1_000_000_000, for: { $0 }, then: { _ in })
  }

  private func read(_ descriptor: Int32, _ host: String) {
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: Self.longestLine)
    var line: [UInt8] = []
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      for byte in chunk[..<max(0, count)] {
        if byte == UInt8(ascii: "\n") || line.count >= Self.longestLine {
          tell(line, host)
          line = []
        } else {
          line.append(byte)
        }
      }
      if count <= 0 {
        if !line.isEmpty { tell(line, host) }
        return
      }
    }
  }

  private func tell(_ line: [UInt8], _ host: String) {
    var text = String(decoding: line, as: UTF8.self)
    if text.hasPrefix("uringtop: ") { text.removeFirst("uringtop: ".count) }
    let isKept = state.withLock { state in
      if state.isKeeping, state.kept.count < Self.most { state.kept.append(text) }
      return state.isKeeping
    }
    if !isKept { StandardError.write("\(host): \(text)") }
  }
}
