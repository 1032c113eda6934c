import Foundation
import ProbeSupport
import Testing

/// Tests of observing another machine through the real ssh. The tests use this machine as the other
/// machine.
@Suite(
  .serialized,
  .enabled(
    if: Tmux.isInstalled && LocalSSH.isInstalled && TestPrograms.areAllowed,
    "needs root, and make network-test"))
struct SSHTests {
  private let folder: URL
  private let name: String
  private let ssh: LocalSSH

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "ssh-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    name = "s" + UUID().uuidString.replacing("-", with: "").prefix(13)
    try FileManager.default.copyItem(
      atPath: TestPrograms.path("nop_flood"), toPath: folder.appending(path: name).path)
    ssh = try LocalSSH(in: folder)
  }

  private func remove() { try? FileManager.default.removeItem(at: folder) }

  private func runProgram() throws {
    let program = try ChildProgram(
      folder.appending(path: name).path, ["60", "8", "--count", "1000"])
    _ = program.finish()
  }

  /// The number of uringtop processes that currently record this test's program.
  private var recorders: Int {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.filter { $0.allSatisfy(\.isNumber) }.count { pid in
      let words = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
      let line = String(decoding: words, as: UTF8.self)
      return line.hasPrefix(Tmux.program + "\0record") && line.contains(name)
    }
  }

  @Test func whatIsSeenStaysWhenTheConnectionIsLost() throws {
    defer { remove() }
    let tmux = try Tmux(
      width: 120, height: 30,
      "env LC_ALL=C.UTF-8 URINGTOP_SSH=\(ssh.client) \(Tmux.program) --host \(ssh.host)"
        + " --host-command \(Tmux.program) --comm \(name); echo status $?; exec cat")
    #expect(try tmux.wait(for: "LIVE", ssh.host).contains("LIVE"))
    try runProgram()
    #expect(try tmux.wait(for: name).contains(name))
    #expect(recorders == 1)
    ssh.loseConnections()
    let lost = try tmux.wait(for: "ENDED", "the connection was lost")
    #expect(lost.contains("the connection was lost") && lost.contains(name))
    #expect(eventually { recorders == 0 }, "the recorder is still there")
    try tmux.send("q")
    #expect(try tmux.wait(for: "status 0").contains("status 0"))
  }

  @Test func aPipeFromSSHIsShownLive() throws {
    defer { remove() }
    let tmux = try Tmux(
      width: 120, height: 30,
      "\(ssh.client) -n \(ssh.host) \(Tmux.program) record --comm \(name) -o - 2>/dev/null"
        + " | LC_ALL=C.UTF-8 \(Tmux.program) replay --follow -; echo status $?; exec cat")
    #expect(try tmux.wait(for: "LIVE").contains("LIVE"))
    try runProgram()
    #expect(try tmux.wait(for: name).contains(name))
    try tmux.send("q")
    // ssh notices only at its next write that its reader has exited, so this run causes output.
    try runProgram()
    #expect(try tmux.wait(for: "status 0").contains("status 0"))
    #expect(eventually { recorders == 0 }, "the recorder is still there")
  }
}
