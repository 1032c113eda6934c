import Foundation
import ProbeSupport
import Testing

/// Tests of `replay --follow` and `--host`, which show a recording while it is being made, in a
/// real terminal.
@Suite(.serialized, .enabled(if: Tmux.isInstalled)) struct FollowTests {
  private let recording: TestRecording
  private let folder: URL

  init() throws {
    recording = try TestRecording()
    folder = FileManager.default.temporaryDirectory.appending(path: "follow-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func remove() { try? FileManager.default.removeItem(at: folder) }

  /// Creates a program that uringtop calls instead of ssh, and returns the program's path. The
  /// program writes its arguments to a file and then runs `script`.
  private func ssh(_ script: String) throws -> String {
    let path = folder.appending(path: "ssh").path
    try """
    #!/bin/sh
    printf '%s\\n' "$@" > '\(folder.path)/arguments'
    \(script)
    """.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  @Test func whatArrivesIsShownWhileThePipeIsOpen() throws {
    defer { remove() }
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: recording.path)[.size] as? Int)
    let gate = folder.appending(path: "gate").path
    try #require(mkfifo(gate, 0o600) == 0)
    // Writes the recording without its end record. Writes the end record after the test has opened
    // and closed the FIFO `gate`.
    let feed = "head -c \(size - 48) \(recording.path); cat \(gate); tail -c 48 \(recording.path)"
    let tmux = try Tmux(
      width: 120, height: 30,
      "sh -c '(\(feed)) | LC_ALL=C.UTF-8 \(Tmux.program) replay --follow -'; echo status $?; exec cat"
    )
    let live = try tmux.wait(for: "POLL_ADD", "LIVE")
    #expect(live.contains("writer") && !live.contains("ENDED"))
    try FileHandle(forWritingTo: URL(filePath: gate)).close()
    let ended = try tmux.wait(for: "ENDED", "the recording has ended")
    #expect(ended.contains("POLL_ADD"))
    try tmux.send("q")
    #expect(try tmux.wait(for: "status 0").contains("status 0"))
  }

  @Test func anotherMachineIsShownAndItsLossSaysSo() throws {
    defer { remove() }
    let gate = folder.appending(path: "gate").path
    try #require(mkfifo(gate, 0o600) == 0)
    let ssh = try ssh(
      "echo a banner >&2; cat \(gate); head -c -48 \(recording.path); echo a warning >&2; cat \(gate)"
    )
    let tmux = try Tmux(
      width: 120, height: 30,
      "env LC_ALL=C.UTF-8 URINGTOP_SSH=\(ssh) \(Tmux.program) --host db1 --comm \"it's\" --op READ --sample 1/4;"
        + " echo status $?; exec cat")
    _ = try tmux.wait(for: "a banner")
    try FileHandle(forWritingTo: URL(filePath: gate)).close()
    #expect(try tmux.wait(for: "POLL_ADD", "LIVE").contains("db1"))
    let arguments = try String(contentsOf: folder.appending(path: "arguments"), encoding: .utf8)
    #expect(
      arguments.split(separator: "\n") == [
        "--", "db1",
        "uringtop record --format uring -o - '--comm=it'\\''s' --op=READ --sample=1/4",
      ])
    try FileHandle(forWritingTo: URL(filePath: gate)).close()
    let lost = try tmux.wait(for: "ENDED", "the connection was lost")
    #expect(lost.contains("POLL_ADD"))
    try tmux.send("q")
    #expect(try tmux.wait(for: "status 0").contains("a banner"))
  }

  @Test func aConnectionThatFailsIsOneLine() throws {
    defer { remove() }
    let ssh = try ssh("echo 'connect to host db1: refused' >&2; exit 255")
    let tmux = try Tmux(
      width: 120, height: 30,
      "env URINGTOP_SSH=\(ssh) \(Tmux.program) --host db1; echo status $?; exec cat")
    let screen = try tmux.wait(for: "status 66")
    #expect(screen.contains("uringtop: db1: connect to host db1: refused"))
    #expect(screen.contains("the connection ended before the recording began"))
  }

  /// The real uringtop runs as the local screen and as the remote recorder; only ssh is replaced.
  /// When the user quits the screen, the remote recorder must also exit.
  @Test(.enabled(if: TestPrograms.areAllowed, "needs root")) func whatHappensThereIsSeenHere()
    throws
  {
    defer { remove() }
    let name = "r" + UUID().uuidString.replacing("-", with: "").prefix(13)
    let program = folder.appending(path: name).path
    try FileManager.default.copyItem(atPath: TestPrograms.path("nop_flood"), toPath: program)
    let ssh = try ssh("echo $$ > '\(folder.path)/pid'; exec sh -c \"exec $3\"")
    let tmux = try Tmux(
      width: 120, height: 30,
      "env LC_ALL=C.UTF-8 URINGTOP_SSH=\(ssh) \(Tmux.program) --host db1 --host-command \(Tmux.program)"
        + " --comm \(name); echo status $?; exec cat")
    try tmux.wait(for: "LIVE")
    let flood = try ChildProgram(program, ["60", "8", "--count", "1000"])
    let truth = try #require(flood.finish().truth?["submitted"])
    #expect(truth > 0)
    #expect(try tmux.wait(for: "LIVE", String(name)).contains(name))
    let pid = try #require(
      pid_t(
        String(contentsOf: folder.appending(path: "pid"), encoding: .utf8)
          .trimmingCharacters(in: .whitespacesAndNewlines)))
    try tmux.send("q")
    try tmux.wait(for: "status 0")
    #expect(eventually { kill(pid, 0) != 0 && errno == ESRCH }, "the recorder is still there")
  }
}
