import CProcess

/// Rights that a capture gives up.
///
/// Capabilities are those of threads, and threads inherit them: they are given up before the session starts its
/// threads. A child that was forked before keeps its own.
public enum Confinement {
  /// Bits of the capabilities that a running capture may need.
  private static let captureNeeds = Privileges.mask([
    .bpf, .perfmon, .sysAdmin, .sysPtrace, .dacReadSearch, .syslog, .sysNice,
  ])
  /// Files that root writes for the user who called sudo, and signals to their program.
  private static let outputNeeds = Privileges.mask([.chown, .dacOverride, .fowner, .kill])

  /// Keeps what capture and its output need, in this thread and in those that it starts.
  public static func keepCaptureCapabilities() {
    _ = process_keep_capabilities(captureNeeds | outputNeeds)
  }

  /// Has the kernel refuse, to all threads, calls that a capture never needs once it is attached.
  public static func refuseCalls() { _ = process_refuse_calls(PROCESS_CAPTURES) }

  /// Keeps what reading a recording needs: nothing, or what root needs to write files.
  public static func keepOutputCapabilities(writesFiles: Bool) {
    _ = process_keep_capabilities(writesFiles ? outputNeeds : 0)
  }

  static var canRefuseCalls: Bool { process_can_refuse_calls() }

  /// Capabilities that remain of those that this process has.
  static var remaining: [String] {
    Privileges(effective: process_capabilities() & (captureNeeds | outputNeeds)).names
  }
}
