import Foundation
import ProbeSupport
import TestSupport
import Testing

extension LiveTests {
  /// Tests of live capture by a user other than root.
  @Suite struct PrivilegeTests {
    @Test func twoCapabilitiesShowWhatIsInFlight() throws {
      let request = try waitingRequest(seenWith: ["bpf", "perfmon"])
      #expect(request.opcode == "POLL_ADD")
      #expect(request.place == "poll")
      #expect(!request.waitsFor.text.contains("write end"))
    }

    @Test func fourCapabilitiesShowFilesOfOtherUsers() throws {
      let request = try waitingRequest(
        seenWith: ["bpf", "perfmon", "sys_ptrace", "dac_read_search"])
      #expect(request.file?.hasPrefix("pipe:[") == true)
      #expect(request.waitsFor.text.contains("write end: hang_poll/\(request.pid) fd "))
    }

    private struct Capabilities: Decodable {
      struct Feature: Decodable {
        var name: String
        var available: Bool
        var reason: String?
      }
      var features: [Feature]
    }

    /// Each entry has capabilities that uringtop has besides CAP_BPF and CAP_PERFMON, the features
    /// that are then available, and features that are missing, according to docs/security.md.
    @Test(arguments: [
      ([], ["capture", "iterators", "inventory"], ["ptrace", "system_calls"]),
      (["dac_read_search"], ["capture", "inventory", "system_calls"], ["ptrace"]),
      (["sys_ptrace"], ["capture", "inventory"], ["ptrace", "system_calls"]),
      (["dac_read_search", "sys_ptrace"], ["capture", "inventory", "system_calls", "ptrace"], []),
    ])
    func eachFileCapabilityAddsItsFeatures(
      further: [String], available: [String], missing: [String]
    ) throws {
      let capabilities = ["bpf", "perfmon"] + further
      let outcome = try run(withFileCapabilities: capabilities, ["capabilities", "--json"])
      try #require(outcome.status == 0, "\(outcome.error)")
      let features = try JSONDecoder().decode(Capabilities.self, from: outcome.output).features
      for name in available {
        #expect(features.contains { $0.name == name && $0.available }, "\(name)")
      }
      for name in missing {
        #expect(features.contains { $0.name == name && !$0.available }, "\(name)")
      }
      let remaining = try #require(features.first { $0.name == "confinement" }?.reason)
      let named = Set(remaining.split { $0 == " " || $0 == "," }.filter { $0.hasPrefix("CAP_") })
      #expect(named == Set(capabilities.map { Substring("CAP_\($0.uppercased())") }))
    }

    @Test(arguments: [("sys_admin", true), ("sys_nice", false)])
    func systemCallsAreWatchedWithoutAMountOfTracefs(capability: String, isWatched: Bool) throws {
      let outcome = try Command.run(
        [
          "--mount", "sh", "-c",
          """
          for folder in /sys/kernel/tracing /sys/kernel/debug; do
            ! mountpoint -q $folder || umount --lazy $folder || exit
          done
          set=-all,+bpf,+perfmon,+dac_override,+$1; shift
          exec setpriv --inh-caps $set --ambient-caps $set --bounding-set $set "$@"
          """,
          "sh", capability, Command.binary.path(), "capabilities", "--json",
        ], program: URL(filePath: "/usr/bin/unshare"))
      try #require(outcome.status == 0, "\(outcome.error)")
      let features = try JSONDecoder().decode(Capabilities.self, from: outcome.output).features
      let systemCalls = try #require(features.first { $0.name == "system_calls" })
      #expect(systemCalls.available == isWatched, "\(systemCalls.reason ?? "")")
      #expect(systemCalls.reason?.contains("tracefs is not mounted") != isWatched)
    }

    @Test(arguments: [["bpf", "perfmon"], ["bpf", "perfmon", "dac_read_search", "sys_ptrace"]])
    func fileCapabilitiesRecordAndReport(capabilities: [String]) throws {
      let child = try TestPrograms.start("hang_poll")
      defer { _ = child.finish() }
      _ = try #require(child.readLine())
      let arguments = ["--pid", "\(child.pid)", "--duration", "1s"]
      let recorded = try run(
        withFileCapabilities: capabilities,
        ["record", "-o", "-", "--format", "uring"] + arguments)
      try #require(recorded.status == 0, "\(recorded.error)")
      let folder = try TemporaryFolder()
      try recorded.output.write(to: folder["x.uring"])
      let snapshot = try Observation.recording(folder.path("x.uring")).snapshot(at: nil)
      #expect(snapshot.requests.contains { $0.opcode.name == "POLL_ADD" })
      let reported = try run(withFileCapabilities: capabilities, ["report"] + arguments)
      #expect(reported.status == 0 && !reported.output.isEmpty, "\(reported.error)")
    }

    @Test func withoutCapabilitiesTheMessageNamesThem() throws {
      let outcome = try run(with: [], ["snapshot", "--json"])
      #expect(outcome.status == 77)
      #expect(outcome.error.contains("CAP_BPF and CAP_PERFMON"))
      #expect(
        outcome.error.contains("setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep"))
    }

    private struct Request: Decodable {
      struct Cause: Decodable { var text: String }
      var opcode: String
      var pid: UInt32
      var place: String?
      var file: String?
      var waitsFor: Cause
    }

    private struct Document: Decodable { var requests: [Request] }

    /// Returns a POLL_ADD that a process of root submitted before the snapshot. The snapshot is
    /// made by a user with these capabilities.
    private func waitingRequest(seenWith capabilities: [String]) throws -> Request {
      let child = try TestPrograms.start("hang_poll")
      defer { _ = child.finish() }
      _ = try #require(child.readLine())
      let outcome = try run(with: capabilities, ["snapshot", "--json", "--pid", "\(child.pid)"])
      try #require(outcome.status == 0, "\(outcome.error)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let document = try decoder.decode(Document.self, from: outcome.output)
      return try #require(document.requests.first { $0.pid == child.pid })
    }

    /// Copies uringtop to a folder that the user `nobody` can access.
    private func reachableFolder() throws -> TemporaryFolder {
      let folder = try TemporaryFolder()
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o711], ofItemAtPath: folder.path("."))
      try FileManager.default.copyItem(at: Command.binary, to: folder["uringtop"])
      return folder
    }

    /// Runs uringtop as the user `nobody`, from an executable file that has these file
    /// capabilities.
    private func run(
      withFileCapabilities capabilities: [String], _ arguments: [String]
    ) throws -> Command.Outcome {
      let folder = try reachableFolder()
      let set = capabilities.map { "cap_\($0)" }.joined(separator: ",") + "+ep"
      let result = try Command.run(
        [set, folder.path("uringtop")], program: URL(filePath: "/usr/sbin/setcap"))
      try #require(result.status == 0, "\(result.error)")
      // Without CAP_SYS_ADMIN, uringtop needs a mounted tracefs, and not every machine has one.
      return try Command.run(
        [
          "--mount", "sh", "-c",
          """
          mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing || exit
          exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
          """,
          "sh", folder.path("uringtop"),
        ] + arguments, program: URL(filePath: "/usr/bin/unshare"))
    }

    /// Runs uringtop as the user `nobody`, with only these capabilities.
    private func run(with capabilities: [String], _ arguments: [String]) throws -> Command.Outcome {
      let folder = try reachableFolder()
      let set = (["-all"] + capabilities.map { "+\($0)" }).joined(separator: ",")
      return try Command.run(
        [
          "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
          "--inh-caps", set, "--ambient-caps", set, "--bounding-set", set,
          folder.path("uringtop"),
        ] + arguments, program: URL(filePath: "/usr/bin/setpriv"))
    }
  }
}
