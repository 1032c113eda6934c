import CProcess

/// Privileges that a capture gives up.
///
/// Capabilities belong to threads, and threads inherit them: they are given up before the session starts its threads.
/// A child forked before that keeps its own.
public enum Confinement {
  /// Bits of the capabilities that a running capture may need.
  private static let captureNeeds = Privileges.mask([
    .bpf, .perfmon, .sysAdmin, .sysPtrace, .dacReadSearch, .syslog, .sysNice,
  ])
  /// For files that root writes for the user who called sudo, and for signals to that user's program.
  private static let outputNeeds = Privileges.mask([.chown, .dacOverride, .fowner, .kill])

  /// Keeps the capabilities that capture and its output need, in this thread and in threads that it starts.
  public static func keepCaptureCapabilities() {
    _ = process_keep_capabilities(captureNeeds | outputNeeds)
  }

  /// Makes the kernel refuse, to all threads, calls that a capture never needs once it is attached.
  ///
  /// - Parameter serves: still accepts connections to listeners that are open.
  public static func refuseCalls(serves: Bool = false) {
    _ = process_refuse_calls(serves ? PROCESS_SERVES : PROCESS_CAPTURES)
  }

  /// Gives up all capabilities, in this thread and in threads that it starts.
  public static func keepNothing() { _ = process_keep_capabilities(0) }

  /// Keeps the capabilities that reading a recording needs: none, or those with which root writes files.
  public static func keepOutputCapabilities(writesFiles: Bool) {
    _ = process_keep_capabilities(writesFiles ? outputNeeds : 0)
  }

  static var canRefuseCalls: Bool { process_can_refuse_calls() }

  /// Capabilities of a capture and its output that this process still has.
  static var remaining: [String] {
    Privileges(effective: process_capabilities() & (captureNeeds | outputNeeds)).names
  }
}
