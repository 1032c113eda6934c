import Glibc
import Testing
import UringBase

@testable import UringProbe

/// Tests of the names of pipes, which include the process at the other end.
@Suite struct PipeNameTests {
  private static let own = UInt32(getpid())

  private func withPipe(_ body: (_ reader: Int32, _ writer: Int32, _ name: String) throws -> Void)
    throws
  {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    try body(ends[0], ends[1], try #require(DescriptorCopy.name(ends[0], of: Self.own)))
  }

  private func names(_ pipe: String, _ descriptors: Int32...) -> [String] {
    var names = PipeNames()
    names.search([pipe], at: MonotonicClock.now())
    return descriptors.map {
      names.name(pipe, $0, of: Self.own, at: MonotonicClock.now())
    }
  }

  @Test func theArrowIsTheDirectionOfTheData() throws {
    try withPipe { reader, writer, pipe in
      let comm = try #require(Procfs.comm(of: Self.own))
      #expect(
        names(pipe, reader, writer)
          == ["\(pipe) ← \(comm)/\(Self.own)", "\(pipe) → \(comm)/\(Self.own)"])
    }
  }

  @Test func anotherProcessIsNamedBeforeTheOwn() throws {
    try withPipe { reader, writer, pipe in
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, writer, 1)
      var child: pid_t = 0
      let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
      defer { for argument in arguments { free(argument) } }
      try #require(posix_spawn(&child, "/bin/sleep", &actions, nil, arguments, nil) == 0)
      defer {
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
      }
      // The child has also inherited both ends of the pipe, just as this process has both.
      let name = try #require(names(pipe, reader).first)
      #expect(name == "\(pipe) ← sleep/\(child)", "\(name)")
    }
  }

  @Test func withoutAnOtherEndThereIsOnlyTheNumber() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let pipe = try #require(DescriptorCopy.name(ends[0], of: Self.own))
    close(ends[1])
    #expect(names(pipe, ends[0]) == [pipe])
  }

  @Test func aSearchThatTakesTooLongFindsNothing() throws {
    try withPipe { _, _, pipe in
      let ends = PipeEnds(of: [pipe], limit: 0)
      #expect(ends.isIncomplete)
      #expect(ends.name(pipe, reads: true, tgid: Self.own) == nil)
    }
  }
}
