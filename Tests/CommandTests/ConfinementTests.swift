import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of the privileges that uringtop drops and of the seccomp filters that it installs.
@Suite struct ConfinementTests {
  /// The recording is a FIFO to which nothing has been written, so the command waits for the
  /// recording's first byte. At that time it must already have dropped its privileges.
  @Test(arguments: [
    ["snapshot", "--from"], ["report", "--from"], ["export", "-o", "-", "--format", "uring"],
    ["replay"],
  ])
  func aRecordingIsReadWithoutRights(command: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    try Command.run(command + [path]) { process in
      let writer = open(path, O_WRONLY)
      defer { close(writer) }
      let status = "/proc/\(process.processIdentifier)/status"
      #expect(
        try eventually { try field("Seccomp", of: status) == "2" }, "no filter while it reads")
      #expect(try field("NoNewPrivs", of: status) == "1")
      let isReplay = command == ["replay"]
      let writes: UInt64 = 0b10_1011  // CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL
      for set in ["CapPrm", "CapEff", "CapAmb", "CapInh"] {
        let bits = try #require(UInt64(field(set, of: status) ?? "", radix: 16))
        #expect(bits & ~(isReplay ? writes : 0) == 0, "\(set)")
      }
    }
  }

  private func field(_ name: String, of path: String) throws -> String? {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .first { $0.hasPrefix("\(name):") }?.split(separator: "\t").last.map(String.init)
  }

  /// A C program that installs the seccomp filter for a kind of work, tries 15 system calls, and
  /// prints which of them the filter refuses.
  private static let program = """
    #define _GNU_SOURCE
    #include "CProcess.h"
    #include <errno.h>
    #include <fcntl.h>
    #include <pthread.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <sys/ptrace.h>
    #include <sys/socket.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static void *thread(void *file) { return (void *)(long)open(file, O_WRONLY | O_CREAT, 0600); }
    #define TRY(name, call) printf("%s %s\\n", name, (call) < 0 && errno == EPERM ? "refused" : "allowed")
    int main(int count, char **arguments) {
      (void)count;
      if (!process_refuse_calls(atoi(arguments[1])))
        return 1;
      char *file = arguments[2], *none[] = {NULL};
      pthread_t other;
      TRY("read", open(file, O_RDONLY));
      TRY("read-write", open(file, O_RDWR | O_CREAT, 0600));
      TRY("read2", syscall(SYS_openat2, AT_FDCWD, file, NULL, 0));
      TRY("write", open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600));
      TRY("folder", open("/", O_RDONLY | O_DIRECTORY));
      TRY("execute", execve(file, none, none));
      TRY("socket", socket(AF_INET, SOCK_STREAM, 0));
      TRY("unix", socket(AF_UNIX, SOCK_STREAM, 0));
      TRY("accept", accept(-1, NULL, NULL));
      TRY("bpf", syscall(SYS_bpf, -1, NULL, 0));
      TRY("io_uring", syscall(SYS_io_uring_setup, 0, NULL));
      TRY("ptrace", ptrace(PTRACE_SEIZE, 0, 0, 0));
      TRY("map", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
      TRY("pipe", pipe((int[2]){0}));
      TRY("thread", pthread_create(&other, NULL, thread, file) ? -1 : pthread_join(other, NULL));
    }
    """

  @Test(arguments: [
    // the number of the kind of work, and the calls that its filter allows
    (0, ["read", "read-write", "read2", "write", "folder", "bpf", "io_uring"]),
    (1, ["read", "read-write", "read2", "write", "folder"]), (2, []), (3, ["write", "folder"]),
    (4, ["read", "read-write", "read2", "write", "folder", "accept", "bpf", "io_uring"]),
  ])
  func refusedCallsAreThoseOfTheWork(work: Int, allowed: [String]) throws {
    let folder = try TemporaryFolder()
    try Self.program.write(to: folder["try.c"], atomically: true, encoding: .utf8)
    let sources = Command.root.appending(path: "Sources/CProcess")
    let compiled = try Command.run(
      "-I", sources.appending(path: "include").path, "-o", folder.path("try"), folder.path("try.c"),
      sources.appending(path: "Confine.c").path, program: URL(filePath: "/usr/bin/cc"))
    try #require(compiled.status == 0, "\(compiled.error)")
    let outcome = try Command.run(
      "\(work)", folder.path("file"), program: folder["try"])
    try #require(outcome.status == 0, "no filters here")
    let always = ["map", "pipe", "thread"]
    for line in outcome.text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      let isAllowed = (allowed + always).contains(words[0])
      #expect(words[1] == (isAllowed ? "allowed" : "refused"), "\(line)")
    }
    #expect(outcome.text.split(separator: "\n").count == 15)
  }
}
