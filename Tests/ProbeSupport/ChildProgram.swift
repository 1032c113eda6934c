import Glibc

/// A running test program, and its output.
public final class ChildProgram {
  public let pid: UInt32
  private let output: Int32
  private let input: Int32
  private var text: [UInt8] = []
  private var status: Int32?

  /// Starts `path`; its standard input stays open until ``finish()``.
  public init(_ path: String, _ arguments: [String] = []) throws {
    var outputPipe: [Int32] = [0, 0]
    var inputPipe: [Int32] = [0, 0]
    guard pipe(&outputPipe) == 0, pipe(&inputPipe) == 0 else {
      throw Failure(text: "pipe: \(errno)")
    }
    for descriptor in outputPipe + inputPipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, inputPipe[0], 0)
    posix_spawn_file_actions_adddup2(&actions, outputPipe[1], 1)
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var child: pid_t = 0
    // Threads of tests block signals. The program must not inherit the signal mask.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let result = posix_spawn(&child, path, &actions, &attributes, &argv, environ)
    close(outputPipe[1])
    close(inputPipe[0])
    guard result == 0 else { throw Failure(text: "cannot start \(path): \(result)") }
    pid = UInt32(child)
    output = outputPipe[0]
    input = inputPipe[1]
  }

  public struct Failure: Error { public var text: String }

  /// The next line of the program's output; nil at the end.
  public func readLine() -> Truth? {
    while true {
      if let end = text.firstIndex(of: 10) {
        let line = String(decoding: text[..<end], as: UTF8.self)
        text.removeSubrange(...end)
        return Truth(text: line)
      }
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = read(output, &chunk, chunk.count)
      if count <= 0 { return nil }
      text += chunk[..<count]
    }
  }

  /// Writes a byte to the program's input.
  public func proceed() {
    var byte: UInt8 = 10
    _ = write(input, &byte, 1)
  }

  /// Kills the program and waits for its end.
  public func kill() {
    Glibc.kill(pid_t(pid), SIGKILL)
    _ = finish()
  }

  /// Closes the program's input, reads its last line and waits for its end.
  public func finish() -> (status: Int32, truth: Truth?) {
    close(input)
    var last: Truth?
    while let line = readLine() { last = line }
    close(output)
    var status: Int32 = 0
    while waitpid(pid_t(pid), &status, 0) < 0 && errno == EINTR {}
    return ((status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F), last)
  }
}

/// A test program's own account: one line of JSON, from which top-level numbers can be read.
public struct Truth {
  public var text: String

  public subscript(_ key: String) -> UInt64? {
    guard let range = text.firstRange(of: "\"\(key)\":") else { return nil }
    return UInt64(text[range.upperBound...].prefix { $0.isNumber })
  }
}
