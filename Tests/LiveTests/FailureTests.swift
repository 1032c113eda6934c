import Foundation
import ProbeSupport
import TestSupport
import Testing

extension LiveTests {
  /// Tests on machines that refuse resources which live capture needs, such as descriptors or
  /// memory.
  @Suite struct FailureTests {
    /// The statically linked binary of `make release` if it exists, because a static Swift runtime
    /// has failure modes of its own.
    private let program: URL = {
      let released = Command.root.appending(path: ".build/uringtop")
      return FileManager.default.isExecutableFile(atPath: released.path) ? released : Command.binary
    }()

    private func shell(_ line: String) throws -> Command.Outcome {
      try Command.run(
        ["-c", line], environment: ["uringtop": program.path],
        program: URL(filePath: "/bin/bash"))
    }

    private static let recording = Command.root.appending(
      path: "Tests/CommandTests/Recordings/read-on-pipe.uring"
    ).path

    private static let withoutProc = "exec unshare -m sh -c 'mount -t tmpfs none /proc; "

    @Test(arguments: [4, 8, 12, 20, 30]) func fewDescriptors(limit: Int) throws {
      let outcome = try shell("ulimit -n \(limit); $uringtop snapshot")
      #expect(outcome.status == 71 && outcome.error.contains("Too many open files"))
      #expect(outcome.error.filter(\.isNewline).count == 1, "\(outcome.error)")
    }

    @Test func aUserNamespaceIsNotPermitted() throws {
      let outcome = try shell("unshare -r $uringtop snapshot")
      #expect(outcome.status == 77 && outcome.error.contains("user namespace"), "\(outcome.error)")
    }

    @Test func withoutProcRecordingsAreRead() throws {
      #expect(try shell("\(Self.withoutProc) $uringtop --version'").status == 0)
      let outcome = try shell("\(Self.withoutProc) $uringtop snapshot --from \(Self.recording)'")
      #expect(outcome.status == 0, "\(outcome.error)")
      let usual = try Command.run("snapshot", "--from", Self.recording, program: program)
      #expect(outcome.output == usual.output)
    }

    @Test func withoutProcCaptureSaysWhatIsMissing() throws {
      let outcome = try shell("\(Self.withoutProc) $uringtop snapshot'")
      #expect(outcome.status == 71 && outcome.error.contains("/proc"), "\(outcome.error)")
    }

    /// Limits the address space, from sizes too small for uringtop to start up to a size larger
    /// than it needs.
    @Test func littleMemory() throws {
      try #require(program != Command.binary, "needs the static binary: run make release")
      var statuses: Set<Int32> = []
      // The limits begin above the binary's file size: below it, the kernel cannot start the
      // binary.
      let size = try #require(try program.resourceValues(forKeys: [.fileSizeKey]).fileSize) >> 20
      let more = [2, 3, 5, 9, 15, 25, 35, 55, 75, 125, 175, 375, 1000]
      for megabytes in more.map({ size + $0 }) {
        let outcome = try shell(
          "ulimit -v \(megabytes << 10); $uringtop report --duration 1s --pid $$ 2>&1 >/dev/null")
        statuses.insert(outcome.status)
        guard outcome.status != 0 else { continue }
        #expect(outcome.status == 71, "\(megabytes) MB: \(outcome.text)")
        #expect(outcome.text.filter(\.isNewline).count == 1, "\(megabytes) MB: \(outcome.text)")
      }
      #expect(statuses == [0, 71])
    }

    // MARK: Signals

    /// Starts `record`, waits until `isReady` returns true, sends a signal, and expects that
    /// `record` exits.
    private func record(
      _ arguments: [String], signal: Int32, until isReady: (Process) -> Bool
    ) throws -> Command.Outcome {
      try Command.run(["record"] + arguments) { process in
        #expect(eventually { isReady(process) })
        kill(process.processIdentifier, signal)
        #expect(eventually { !process.isRunning }, "record does not exit")
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      }
    }

    /// The names of a process's threads, each with a newline.
    private func threads(_ process: Process) -> [String] {
      let tasks = "/proc/\(process.processIdentifier)/task"
      return ((try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []).compactMap {
        try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8)
      }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func waitingForAReaderCanBeEnded(signal: Int32)
      throws
    {
      let folder = try TemporaryFolder()
      try #require(mkfifo(folder.path("pipe.uring"), 0o600) == 0)
      let outcome = try record(["-o", folder.path("pipe.uring")], signal: signal) {
        threads($0).contains("opener\n")
      }
      #expect(outcome.status == 128 + signal, "\(outcome.error)")
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aPipeThatNobodyReadsCanBeLeft(signal: Int32) throws {
      let folder = try TemporaryFolder()
      let path = folder.path("pipe.jsonl")
      try #require(mkfifo(path, 0o600) == 0)
      // The reader opens the FIFO but never reads.
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      let flood = try TestPrograms.path("nop_flood")
      let outcome = try record(
        ["-o", path, "--", flood, "1", "8", "--count", "20000"], signal: signal
      ) { threads($0).contains("finisher\n") }
      #expect(outcome.status == 128 + signal)
      #expect(outcome.error.contains("takes no more data"), "\(outcome.error)")
    }
  }
}
