import Glibc
import Testing

@testable import UringProbe

/// Tests of the names of sockets, which uringtop gets from descriptors.
@Suite struct SocketNameTests {
  private func name(_ descriptor: Int32) throws -> String? {
    let link = try #require(DescriptorCopy.name(descriptor, of: UInt32(getpid())))
    return SocketDescription.name(of: link, descriptor, of: UInt32(getpid()))
  }

  private func tcp() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }

  private func withLoopback<Result>(
    _ port: in_port_t, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  @Test func aConnectionHasTwoEnds() throws {
    let (listener, client) = (tcp(), tcp())
    defer {
      close(listener)
      close(client)
    }
    #expect(withLoopback(0) { bind(listener, $0, $1) } == 0)
    #expect(listen(listener, 1) == 0)
    let place = try #require(try name(listener))
    #expect(place.hasPrefix("tcp 127.0.0.1:") && place.hasSuffix(" listening"), "\(place)")
    #expect(SocketDescription.isSettled(place))
    let port = try #require(
      place.split(separator: " ")[1].split(separator: ":").last.flatMap { in_port_t($0) })
    #expect(try name(client).map(SocketDescription.isSettled) != true)
    #expect(withLoopback(port.bigEndian) { connect(client, $0, $1) } == 0)
    let ends = try #require(try name(client))
    #expect(ends.hasPrefix("tcp 127.0.0.1:") && ends.hasSuffix(" → 127.0.0.1:\(port)"), "\(ends)")
    #expect(SocketDescription.isSettled(ends))
  }

  /// The kernel records only the creator of a socketpair, not its other end.
  @Test func aPairHasNoNameButItsNumber() throws {
    var pair: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    defer {
      for end in pair { close(end) }
    }
    #expect(try name(pair[0]) == nil)
  }

  /// By the time uringtop queries the descriptor, it can refer to another file. No name may then be
  /// returned.
  @Test func anotherSocketIsNotNamed() {
    let socket = tcp()
    defer { close(socket) }
    #expect(SocketDescription.name(of: "socket:[1]", socket, of: UInt32(getpid())) == nil)
  }
}
