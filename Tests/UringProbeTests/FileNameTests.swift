import ProbeSupport
import Testing
import UringProbe
import UringTrace

extension LiveTests {
  /// Tests of the file names that uringtop shows for requests of the program thousand_files
  /// (Tests/Cases), which reuses descriptors, registered slots and inode numbers. The `user_data`
  /// of each request identifies its file.
  @Suite struct FileNameTests {
    private static func session() throws -> LiveSession {
      // uringtop looks up names only for the newest requests; without the filter, requests of other
      // programs could displace those of thousand_files
      try LiveSessionTests.session { $0.filter.comms = ["thousand_files"] }
    }

    @Test(arguments: [false, true])
    func everyNameIsRightOrAbsent(isAttached: Bool) throws {
      var names = Names()
      let before = isAttached ? nil : try Self.session()
      let child = try TestPrograms.startCase("thousand_files", "halfway")
      defer { child.kill() }
      names.pid = child.pid
      #expect(child.readLine()?.text.contains("0x11f5") == true)
      let session = try before ?? Self.session()
      // By now, 50 multishot polls are armed, and each has posted a CQE.
      _ = LiveSessionTests.wait(session) {
        names.check($0)
        return names.right[.poll, default: []].count == 50
          && (isAttached || names.right[.file, default: []].contains(0x11f5))
      }
      try #require(names.right[.poll, default: []].count == 50)
      try #require(isAttached || names.right[.file, default: []].contains(0x11f5))

      child.proceed()
      #expect(child.readLine()?.text.contains("0x11f9") == true)
      _ = LiveSessionTests.wait(session) {
        names.check($0)
        return names.right[.file, default: []].contains(0x11f9)
      }
      // READ 0x11f9 used its file as a registered file.
      try #require(names.right[.file, default: []].contains(0x11f9))

      child.proceed()
      let last = LiveSessionTests.wait(session) {
        names.check($0)
        return $0.requests.contains { $0.userData == 0x5001 && $0.state == .pollArmed }
      }
      #expect(names.wrong == [])
      let polls = last.requests.filter { names.kind($0) == .poll }
      #expect(polls.count == 100)
      #expect(polls.allSatisfy { last.fileNames.name(of: $0) != nil })
      #expect(names.right[.splice, default: []].count >= 49)
      #expect(names.right[.pipe, default: []].count >= 49)
    }
  }

  private struct Names {
    enum Kind: UInt64 {
      case file
      case poll = 3
      case splice, waiting, pipe
    }

    var pid: UInt32 = 0
    var wrong: Set<String> = []
    var right: [Kind: Set<UInt64>] = [:]

    func kind(_ request: Request) -> Kind? {
      guard request.submitterTgid == pid, request.userData != 0 else { return nil }
      return request.userData == 0x5001 ? .waiting : Kind(rawValue: request.userData >> 60)
    }

    mutating func check(_ snapshot: Snapshot) {
      for request in snapshot.requests + snapshot.recent {
        guard let kind = kind(request), let name = snapshot.fileNames.name(of: request) else {
          continue
        }
        // uringtop looks up a SPLICE's output file first, so the input file can be unknown for a
        // moment
        if kind == .splice, name.hasPrefix("an unknown file to ") { continue }
        if isRight(name, kind, request.userData) {
          right[kind, default: []].insert(request.userData)
        } else {
          wrong.insert("\(request.opcode.name) 0x\(String(request.userData, radix: 16)): \(name)")
        }
      }
    }

    private func isRight(_ name: String, _ kind: Kind, _ userData: UInt64) -> Bool {
      let (first, second) = (userData >> 28 & 0xfff_ffff, userData & 0xfff_ffff)
      return switch kind {
      case .file:
        name.hasPrefix("/var/tmp/files-") && name.hasSuffix("/u\(String(userData, radix: 16))")
      case .poll, .pipe: Self.inodes(name) == [second]
      case .splice: Self.inodes(name) == [first, second]
      case .waiting: name.hasPrefix("pipe:[")
      }
    }

    /// Returns the low bits of the inode numbers in a name such as `pipe:[1] to pipe:[2]` or
    /// `pipe:[1] ← cat/7`.
    private static func inodes(_ name: String) -> [UInt64]? {
      var numbers: [UInt64] = []
      for part in name.replacing(/\ [←→] .*/, with: "").split(separator: " ") where part != "to" {
        guard part.hasPrefix("pipe:["), part.hasSuffix("]"),
          let number = UInt64(part.dropFirst(6).dropLast())
        else { return nil }
        numbers.append(number & 0xfff_ffff)
      }
      return numbers
    }
  }
}
