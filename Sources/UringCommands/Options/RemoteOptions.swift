import ArgumentParser

/// Options for watching another machine.
struct RemoteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Watch this machine: runs uringtop record there, through ssh.", valueName: "host"))
  var host: String?

  @Option(
    help: ArgumentHelp(
      "How to call uringtop on HOST, as 'sudo -n uringtop'. Default: uringtop.",
      valueName: "command"))
  var hostCommand: String?

  func validate() throws {
    if let host, host.isEmpty || host.hasPrefix("-") {
      throw ValidationError("'\(host)' is not the name of a machine")
    }
    if host == nil, hostCommand != nil { throw ValidationError("--host-command needs --host") }
  }

  /// Starts the recording on the host; nil without `--host`.
  func start(_ filters: FilterOptions, _ capture: CaptureOptions) throws -> RemoteRecording? {
    guard let host else { return nil }
    return try RemoteRecording(
      host: host, program: hostCommand ?? "uringtop",
      arguments: filters.arguments + capture.arguments)
  }
}

extension FilterOptions {
  /// The options as arguments for the host's uringtop. The minimum age is left out, because this
  /// uringtop applies it when it lists requests.
  var arguments: [String] {
    func all(_ option: String, _ values: [String]) -> [String] {
      values.flatMap { ["--\(option)=\($0)"] }
    }
    return all("pid", pids) + all("comm", comms) + all("cgroup", cgroups) + all("fd", fds)
      + all("op", opcodes.map { $0.opcodes.map(\.name).joined(separator: ",") })
  }
}

extension CaptureOptions {
  /// The options as arguments for the host's uringtop.
  var arguments: [String] {
    (sample.map { ["--sample=1/\($0)"] } ?? []) + (stacks ? ["--stacks"] : [])
      + (syscalls == .auto ? [] : ["--syscalls=\(syscalls.rawValue)"])
  }
}
