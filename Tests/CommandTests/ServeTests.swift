import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of `uringtop serve` with HTTP clients, including hostile ones.
@Suite(.enabled(if: Live.isOn, "needs root"), .serialized) struct ServeTests {
  private let folder: TemporaryFolder
  private let program: NamedProgram

  init() throws {
    folder = try TemporaryFolder()
    program = try NamedProgram("nop_flood", in: folder)
  }

  private func server(_ arguments: String...) throws -> MetricsServer {
    try MetricsServer("--listen", "0", "--interval", "100ms", "--comm", program.name)
  }

  private var requests: String { #"uringtop_requests_total{comm="\#(program.name)""# }

  @Test func countersStayWhenTheirProgramsEnd() throws {
    let server = try server()
    var sum: UInt64 = 0
    for _ in 1...3 {
      let flood = try ChildProgram(program.path, ["60", "8", "--count", "20000"])
      sum += try #require(flood.finish().truth?["submitted"])
      #expect(try eventually { try server.value(requests) == sum })
    }
    let bucket = #"uringtop_request_duration_seconds_count{comm="\#(program.name)""#
    #expect(try server.value(bucket) == sum)
    #expect(try server.value(#"uringtop_cqes_total{comm="\#(program.name)""#) == sum)
    #expect(server.end() == 143)
  }

  @Test func theServerHasNoRights() throws {
    let server = try server()
    let tasks = "/proc/\(server.process.processIdentifier)/task"
    let names = try FileManager.default.contentsOfDirectory(atPath: tasks)
    let threads = try names.map {
      try String(contentsOfFile: "\(tasks)/\($0)/status", encoding: .utf8)
    }
    #expect(threads.allSatisfy { $0.contains("Seccomp:\t2") })
    let thread = try #require(
      threads.first { $0.contains("Name:\tNIO") || $0.contains("Name:\thttp") })
    #expect(
      thread.contains("CapEff:\t0000000000000000") && thread.contains("CapPrm:\t0000000000000000"))
  }

  @Test func whatIsNoRequestForMetricsIsRefused() throws {
    let server = try server()
    #expect(try HTTPConnection.get("/", port: server.port).contains(" 200 "))
    #expect(try HTTPConnection.get("/etc/passwd", port: server.port).contains(" 404 "))
    let post = try HTTPConnection(port: server.port)
    post.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    #expect(post.readToEnd().contains(" 405 "))
    let garbage = try HTTPConnection(port: server.port)
    garbage.send("\u{1}\u{2}\u{3}\r\n\r\n")
    #expect(!garbage.readToEnd().contains(" 200 "))
  }

  /// Clients that send half a request, never read, or send without end do not hinder other clients,
  /// even if there are more clients than the server admits.
  @Test func hostileClientsHinderNobody() throws {
    let server = try server()
    let slow = try (0..<40).map { _ in try HTTPConnection(port: server.port) }
    for client in slow { client.send("GET /metrics HTTP/1.1\r\nX: ") }
    let endless = try HTTPConnection(port: server.port)
    let header = "GET /metrics HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 10_000)
    var isOpen = endless.send(header)
    for _ in 0..<100 where isOpen { isOpen = endless.send(header) }
    #expect(!endless.readToEnd().contains(" 200 "))
    let flood = try ChildProgram(program.path, ["60", "8", "--count", "20000"])
    let sum = try #require(flood.finish().truth?["submitted"])
    #expect(try eventually { try server.value(requests) == sum })
    // The server has closed the oldest connection without an answer, to make room for newer
    // clients.
    #expect(slow[0].readToEnd().isEmpty)
  }

  @Test func aSocketFileIsMadeForItsOwnerAndRemoved() throws {
    let path = folder.path("socket")
    // a stale socket file, on which no process listens
    let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafeBytes(of: &address) {
      bind(stale, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    try #require(bound == 0)
    close(stale)
    let server = try MetricsServer("--listen", "unix:\(path)", "--comm", program.name)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try Command.expectFailure("serve", "--listen", "unix:\(path)", status: 73, says: "in use")
    server.end()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aPortInUseIsAnError() throws {
    let server = try server()
    try Command.expectFailure(
      "serve", "--listen", "127.0.0.1:\(server.port)", status: 73, says: "in use")
  }
}

@Suite struct ServeOptionTests {
  @Test func nothingListensUnlessAsked() throws {
    try Command.expectFailure("serve", status: 64, says: "--listen")
    try Command.expectFailure("serve", "--listen", "example.org:80", status: 64, says: "numeric")
    try Command.expectFailure(
      "serve", "--listen", "0", "--roles", "0", status: 64, says: "--roles")
  }
}
