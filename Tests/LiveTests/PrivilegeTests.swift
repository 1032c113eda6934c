import Foundation
import ProbeSupport
import TestSupport
import Testing

extension LiveTests {
  /// Capture by a user who is not root.
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

    /// A poll of root's that waits since before the snapshot.
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

    /// Runs uringtop as nobody, with these capabilities alone.
    private func run(with capabilities: [String], _ arguments: [String]) throws -> Command.Outcome {
      // where nobody can reach it
      let folder = try TemporaryFolder()
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o711], ofItemAtPath: folder.path("."))
      try FileManager.default.copyItem(at: Command.binary, to: folder["uringtop"])
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
