import Glibc

/// Kernel modules, loaded by modprobe(8).
enum KernelModule {
  /// Loads a module and waits for its device node.
  static func load(_ name: String, providing path: String) throws(TargetError) {
    let status = runModprobe(name)
    // devtmpfs creates the node immediately, but udev can take a moment to set its permissions.
    for _ in 0..<20 where status == 0 {
      if access(path, F_OK) == 0 { return }
      usleep(50_000)
    }
    throw TargetError(.noDriver, "no ublk driver: there is no \(path), and modprobe \(name) failed")
  }

  /// Runs modprobe without output. Returns its wait status, or -1 if it could not be started.
  private static func runModprobe(_ name: String) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    let tools = ["/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe"]
    guard let tool = tools.first(where: { access($0, X_OK) == 0 }) else { return -1 }
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(tool), strdup("-q"), strdup(name), nil]
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    guard posix_spawn(&child, tool, &actions, nil, &arguments, &environment) == 0 else { return -1 }
    var status: Int32 = -1
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
