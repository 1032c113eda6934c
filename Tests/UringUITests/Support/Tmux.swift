import Foundation
import ProbeSupport
import Synchronization
import Testing

/// A terminal that runs a program in tmux: sends keys and reads the screen. The terminal ends when
/// this object is released.
final class Tmux {
  private static let count = Atomic(0)
  private let socket: String

  static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/tmux")

  /// The program under test, in the folder of the test runner.
  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "uringtop").path

  /// Runs a shell command line in a terminal of this size.
  init(width: Int, height: Int, _ command: String) throws {
    let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
    socket = "uringtop-test-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
    try tmux(["new-session", "-d", "-x", "\(width)", "-y", "\(height)", command])
  }

  deinit { _ = try? tmux(["kill-server"]) }

  /// Presses keys, which have tmux's names: "Enter", "F3", "C-z", "a".
  func send(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  /// Types text literally.
  func type(_ text: String) throws { try tmux(["send-keys", "-l", "--", text]) }

  func resize(width: Int, height: Int) throws {
    try tmux(["resize-window", "-x", "\(width)", "-y", "\(height)"])
  }

  /// Returns the text on the screen, with escape sequences if `withEscapes` is true.
  func screen(withEscapes: Bool = false) throws -> String {
    try tmux(["capture-pane", "-p"] + (withEscapes ? ["-e"] : []))
  }

  /// Waits until the screen shows the texts, and returns the screen. If it does not show them in
  /// time, the test fails and reports the last screen.
  @discardableResult
  func wait(for texts: String...) throws -> String {
    var screen = ""
    let isShown = try eventually {
      screen = try self.screen()
      return texts.allSatisfy(screen.contains)
    }
    if !isShown { Issue.record("the screen never shows \(texts):\n\(screen)") }
    return screen
  }

  /// A shell script that closes inherited descriptors and runs tmux. The server that tmux leaves
  /// running must not keep pipes of this process open, or their readers would never see the end of
  /// the data.
  private static let closeAndRun = """
    for fd in /proc/$BASHPID/fd/*; do
      [ ${fd##*/} -gt 2 ] && eval "exec ${fd##*/}>&-"
    done
    exec tmux "$@"
    """

  /// Runs the body without blocked signals. Tests run on threads that block signals, a child
  /// inherits the signal mask, and a tmux server that blocks SIGTERM never ends.
  private func withSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var old = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    try body()
  }

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments =
      ["-c", Self.closeAndRun, "tmux", "-L", socket, "-f", "/dev/null"] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    if arguments.first == "new-session" { process.standardOutput = FileHandle.nullDevice }
    try withSignals { try process.run() }
    if arguments.first == "new-session" {
      process.waitUntilExit()
      return ""
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
