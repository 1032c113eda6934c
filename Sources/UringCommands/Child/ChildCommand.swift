import CSpawn
import Glibc
import UringBase

/// The program given after `--`. Its process is forked and held, and executes the program when the
/// probes are attached.
final class ChildCommand {
  /// How the child ended.
  enum Ending: Hashable {
    case exited(Int32)
    case killed(signal: Int32)
    /// Unknown, because another process or thread has waited for the child.
    case gone

    /// Exit status as a shell reports it.
    var status: Int32 {
      switch self {
      case .exited(let status): status
      case .killed(let signal): ExitStatus.signal(signal)
      case .gone: ExitStatus.success
      }
    }
  }

  /// Standard input, output and error of a child.
  enum Streams {
    /// uringtop's own streams. A signal typed at the terminal reaches both uringtop and the child.
    case inherited
    /// Like ``inherited``, but the child's output and error both go to uringtop's standard error.
    case inheritedToError
    /// No input. Output and error both go to this descriptor. The child is in a separate process
    /// group, away from the terminal that the UI owns.
    case detached(output: Int32)
    /// No input. Output and error go to these descriptors. The child stays in the terminal's
    /// process group, so that it can ask for a password. It ends with uringtop.
    case separate(output: Int32, error: Int32)
  }

  let arguments: [String]
  private var child: spawn_child
  private var isHeld = true
  private let ownGroup: Bool
  private(set) var ending: Ending?

  var pid: UInt32 { UInt32(child.pid) }

  /// Forks and holds the child. Under sudo it will run as the user who called sudo.
  init(holding arguments: [String], streams: Streams) throws(Failure) {
    self.arguments = arguments
    guard Self.isFound(arguments[0]) else { throw Self.notFound(arguments[0]) }
    var options = spawn_options()
    options.input = -1
    options.output = -1
    options.error = -1
    var nothing: Int32 = -1
    switch streams {
    case .inherited: break
    case .inheritedToError: options.output = STDERR_FILENO
    case .detached(let output):
      options.output = output
      options.own_group = 1
    case .separate(let output, let error):
      options.output = output
      options.error = error
      options.ends_with_parent = 1
    }
    if options.own_group != 0 || options.ends_with_parent != 0 {
      nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
      options.input = nothing
    }
    defer { if nothing >= 0 { close(nothing) } }
    ownGroup = options.own_group != 0
    var child = spawn_child()
    let error = Self.withCStrings(arguments) { arguments in
      guard let user = SudoUser.current else { return spawn_held(arguments, &options, &child) }
      return user.groups.withUnsafeBufferPointer { groups in
        var identity = spawn_identity(
          uid: user.uid, gid: user.gid, groups: groups.baseAddress, group_count: groups.count)
        return withUnsafePointer(to: &identity) { identity in
          options.identity = identity
          return spawn_held(arguments, &options, &child)
        }
      }
    }
    guard error == 0 else {
      throw Failure(
        ExitStatus.system, "cannot start a process: \(CString.error(error))")
    }
    self.child = child
  }

  deinit {
    if isHeld { spawn_abandon(&child) }
  }

  /// Lets the child execute its program. Returns once the program runs.
  func release() throws(Failure) {
    isHeld = false
    let error = spawn_release(&child)
    guard error != 0 else { return }
    // spawn_release has already waited for the child.
    ending = .gone
    let reason = CString.error(error)
    switch error {
    case ENOENT:
      throw Self.notFound(arguments[0])
    case EACCES, ENOEXEC, EISDIR, EPERM:
      throw Failure(ExitStatus.childNotExecutable, "\(arguments[0]): cannot be executed: \(reason)")
    default:
      throw Failure(ExitStatus.childNotExecutable, "\(arguments[0]): \(reason)")
    }
  }

  /// How the child ended; nil while it runs.
  func poll() -> Ending? {
    if ending != nil { return ending }
    var value: Int32 = 0
    switch spawn_poll(child.pid, &value) {
    case SPAWN_EXITED: ending = .exited(value)
    case SPAWN_KILLED: ending = .killed(signal: value)
    case SPAWN_GONE: ending = .gone
    default: break
    }
    return ending
  }

  /// Sends a signal to the child, or to its process group if the child has a separate one.
  func send(_ signal: Int32) {
    guard ending == nil, !isHeld else { return }
    kill(ownGroup ? -child.pid : child.pid, signal)
  }

  /// Sends SIGTERM to the child, and SIGKILL if it still runs after `patience` seconds.
  func terminate(patience: Int = 3) -> Ending? {
    send(SIGTERM)
    for attempt in 0..<patience * 50 {
      if let ending = poll() { return ending }
      usleep(attempt < 20 ? 5_000 : 20_000)
    }
    send(SIGKILL)
    usleep(100_000)
    return poll()
  }

  /// True if the program exists, as a path or in `PATH`. This is checked before the process is
  /// forked, so that a mistyped name does not overwrite an existing output file.
  private static func isFound(_ program: String) -> Bool {
    if program.contains("/") { return access(program, F_OK) == 0 }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/\(program)", F_OK) == 0 }
  }

  private static func notFound(_ program: String) -> Failure {
    Failure(ExitStatus.childNotFound, "\(program): command not found")
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}
