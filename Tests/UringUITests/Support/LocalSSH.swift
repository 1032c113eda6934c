import Foundation
import ProbeSupport
import Testing

/// An OpenSSH server on this machine, with keys of its own, and a client that may log in. It ends when this is released.
final class LocalSSH {
  /// A program to call instead of `ssh`.
  let client: String
  /// The user and the machine to name.
  let host = "root@127.0.0.1"
  private let server = Process()

  private static let program = "/usr/sbin/sshd"

  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  init(in folder: URL) throws {
    let port = try #require(LoopbackPort.free())
    func path(_ name: String) -> String { folder.appending(path: name).path }
    for key in ["host", "user"] {
      try Self.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(key))
    }
    func publicKey(_ name: String) throws -> String {
      try String(contentsOfFile: path(name + ".pub"), encoding: .utf8)
    }
    func write(_ text: String, to name: String) throws {
      try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }
    try write(try publicKey("user"), to: "authorized")
    try write("[127.0.0.1]:\(port) \(try publicKey("host"))", to: "known")
    try write(
      """
      Port \(port)
      ListenAddress 127.0.0.1
      HostKey \(path("host"))
      AuthorizedKeysFile \(path("authorized"))
      PidFile none
      StrictModes no
      UsePAM no
      PermitRootLogin prohibit-password

      """, to: "sshd_config")
    client = path("client")
    try write(
      """
      #!/bin/sh
      exec ssh -F none -p \(port) -i \(path("user")) -o UserKnownHostsFile=\(path("known")) -o BatchMode=yes "$@"

      """, to: "client")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: client)
    // sshd insists on it; the service of Debian makes it at each start.
    try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    server.executableURL = URL(filePath: Self.program)
    server.arguments = ["-D", "-f", path("sshd_config")]
    server.standardInput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    try server.run()
    let connects = try eventually { (try? Self.run(self.client, self.host, "true")) != nil }
    try #require(connects)
  }

  deinit {
    server.terminate()
    server.waitUntilExit()
  }

  /// Kills the processes that serve connections.
  func loseConnections() throws {
    let pid = "\(server.processIdentifier)"
    let listed = "/proc/\(pid)/task/\(pid)/children"
    for child in try String(contentsOfFile: listed, encoding: .utf8).split(separator: " ") {
      if let child = pid_t(child) { kill(child, SIGKILL) }
    }
  }

  private static func run(_ program: String, _ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program) \(arguments)")
  }
}
