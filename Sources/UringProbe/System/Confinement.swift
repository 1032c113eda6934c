import CProcess

/// The privileges that a capture gives up.
///
/// Each thread has its own capabilities and inherits them from the thread that starts it. So
/// capabilities are given up before the session starts its threads. A child process forked earlier
/// keeps its capabilities.
public enum Confinement {
  /// Mask of the capabilities that a running capture may need.
  private static let captureNeeds = Privileges.mask([
    .bpf, .perfmon, .sysAdmin, .sysPtrace, .dacReadSearch, .syslog, .sysNice,
  ])
  /// Mask of the capabilities with which root writes files for the user who called sudo, and sends
  /// signals to that user's program.
  private static let outputNeeds = Privileges.mask([.chown, .dacOverride, .fowner, .kill])

  /// Gives up all capabilities except those that capture and its output need, in this thread and in
  /// threads that it starts.
  public static func keepCaptureCapabilities() {
    _ = process_keep_capabilities(captureNeeds | outputNeeds)
  }

  /// Makes the kernel refuse, in all threads, the system calls that an attached capture never needs
  /// (seccomp).
  ///
  /// - Parameter serves: true to keep the calls that accept connections to open listening sockets.
  public static func refuseCalls(serves: Bool = false) {
    _ = process_refuse_calls(serves ? PROCESS_SERVES : PROCESS_CAPTURES)
  }

  /// Gives up all capabilities, in this thread and in threads that it starts.
  public static func keepNothing() { _ = process_keep_capabilities(0) }

  /// Gives up all capabilities except those that the reader of a recording needs: none or, if it
  /// writes files, those with which root writes files for a user.
  public static func keepOutputCapabilities(writesFiles: Bool) {
    _ = process_keep_capabilities(writesFiles ? outputNeeds : 0)
  }

  static var canRefuseCalls: Bool { process_can_refuse_calls() }

  /// Names of the capabilities for capture and output that this thread still has.
  static var remaining: [String] {
    Privileges(effective: process_capabilities() & (captureNeeds | outputNeeds)).names
  }
}
