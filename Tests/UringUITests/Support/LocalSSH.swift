import Foundation
import ProbeSupport
import Testing

/// An OpenSSH server on this machine with its own keys, and a client configuration that can log in
/// to it. The server ends when this object is released.
final class LocalSSH {
  /// The path of the program that uringtop must call instead of `ssh`.
  let client: String
  /// The user and machine name to pass to the client.
  let host = "root@127.0.0.1"
  // Foundation's Process is unsuitable here: sshd closes all inherited descriptors, which Process
  // interprets as the end of the program.
  private let server: ChildProgram

  private static let program = "/usr/sbin/sshd"

  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  init(in folder: URL) throws {
    let port = try #require(LoopbackPort.free())
    func path(_ name: String) -> String { folder.appending(path: name).path }
    for key in ["host", "user"] {
      let isMade = try Self.run(
        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(key))
      try #require(isMade)
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
    // sshd requires this directory. Debian's ssh service creates it at each start.
    try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    server = try ChildProgram(Self.program, ["-D", "-f", path("sshd_config")])
    let connects = eventually { (try? Self.run(self.client, self.host, "true")) == true }
    try #require(connects)
  }

  deinit {
    loseConnections()
    server.kill()
  }

  /// Kills the processes that serve connections.
  func loseConnections() {
    let listed = "/proc/\(server.pid)/task/\(server.pid)/children"
    let children = (try? String(contentsOfFile: listed, encoding: .utf8)) ?? ""
    for child in children.split(separator: " ") {
      if let child = pid_t(child) { kill(child, SIGKILL) }
    }
  }

  /// - Returns: true if the program exits with status 0.
  private static func run(_ program: String, _ arguments: String...) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
