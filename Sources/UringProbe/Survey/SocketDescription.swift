import Glibc
import UringBase

/// A socket's kind, addresses and state as text: "tcp 10.0.0.1:80, peer 10.0.0.2:4711,
/// established". For a Unix socket, the text contains the process at the other end.
struct SocketDescription {
  private(set) var text: String

  init(_ descriptor: Int32) {
    let type = Self.option(SO_TYPE, of: descriptor)
    let own = Self.address { getsockname(descriptor, $0, $1) }
    let peer = Self.address { getpeername(descriptor, $0, $1) }
    let family = own?.family ?? AF_UNSPEC
    text = Self.kind(family: family, type: type)
    if let own, !own.text.isEmpty { text += " " + own.text }
    if let peer, !peer.text.isEmpty { text += ", peer " + peer.text }
    switch family {
    case AF_INET, AF_INET6: if let state = Self.tcpState(of: descriptor) { text += ", " + state }
    case AF_UNIX:
      if Self.option(SO_ACCEPTCONN, of: descriptor) == 1 {
        text += ", listening"
      } else if peer != nil, let process = Self.peerProcess(of: descriptor) {
        text += ", peer process " + process
      }
    default: break
    }
  }

  private static let arrow = " → "

  /// True if the name (see ``name(of:_:of:)``) contains all addresses that its socket can have.
  static func isSettled(_ name: String) -> Bool {
    name.contains(arrow) || name.hasSuffix(" listening")
  }

  /// Returns a name made from the socket's addresses: "tcp 10.0.0.1:80 → 10.0.0.2:4711", "tcp
  /// 0.0.0.0:80 listening", "unix → /run/postgresql/.s.PGSQL.5432". Returns nil if the socket has
  /// no address or cannot be queried.
  ///
  /// - Parameter link: the socket's name in /proc, "socket:[7]". If the descriptor refers to
  ///   another file by now, the result is nil.
  static func name(of link: String, _ descriptor: Int32, of tgid: UInt32) -> String? {
    guard descriptor >= 0 else { return nil }
    return DescriptorCopy.ask(descriptor, of: tgid) { copy in
      var status = stat()
      guard fstat(copy, &status) == 0, link == "socket:[\(status.st_ino)]" else { return nil }
      return name(copy)
    }
  }

  private static func name(_ descriptor: Int32) -> String? {
    guard let own = address({ getsockname(descriptor, $0, $1) }) else { return nil }
    let peer = address { getpeername(descriptor, $0, $1) }
    let kind = kind(family: own.family, type: option(SO_TYPE, of: descriptor))
    let isListening = option(SO_ACCEPTCONN, of: descriptor) == 1
    switch own.family {
    case AF_INET, AF_INET6:
      if let peer { return "\(kind) \(own.text)\(arrow)\(peer.text)" }
      return "\(kind) \(own.text)" + (isListening ? " listening" : "")
    case AF_UNIX:
      let place = own.text.isEmpty ? "unix" : "unix " + own.text
      if isListening { return place + " listening" }
      // No name for a socket pair: the kernel records only the process that created the pair, and
      // another process can have the other end by now.
      guard let peer, !peer.text.isEmpty else { return nil }
      return place + arrow + peer.text
    default: return nil
    }
  }

  private static func option(_ name: Int32, of descriptor: Int32) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, name, &value, &length)
    return value
  }

  /// Returns the state of a TCP socket; nil for other sockets.
  private static func tcpState(of descriptor: Int32) -> String? {
    // Only the first byte of struct tcp_info is read: tcpi_state.
    var state: UInt8 = 0
    var length = socklen_t(1)
    guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &state, &length) == 0 else {
      return nil
    }
    return tcpState(state)
  }

  /// Returns the name of a `TCP_*` state; nil if the number is not a state.
  static func tcpState(_ state: UInt8) -> String? {
    let names = [
      "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "closed",
      "close_wait", "last_ack", "listening", "closing",
    ]
    return state >= 1 && Int(state) <= names.count ? names[Int(state) - 1] : nil
  }

  /// Returns the process that SO_PEERCRED reports: the one that connected, listened, or created the
  /// socket pair.
  private static func peerProcess(of descriptor: Int32) -> String? {
    // struct ucred: pid, uid, gid
    var credentials: InlineArray<3, Int32> = [0, 0, 0]
    var length = socklen_t(MemoryLayout<InlineArray<3, Int32>>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0,
      credentials[0] > 0
    else { return nil }
    let pid = credentials[0]
    let name = Procfs.comm(of: pid)
    return name.map { "\($0)/\(pid)" } ?? "\(pid), which has ended"
  }

  private static func kind(family: Int32, type: Int32) -> String {
    let isStream = type == Int32(SOCK_STREAM.rawValue)
    let isDatagram = type == Int32(SOCK_DGRAM.rawValue)
    switch family {
    case AF_INET, AF_INET6: return isStream ? "tcp" : isDatagram ? "udp" : "inet"
    case AF_UNIX: return isStream ? "unix stream" : isDatagram ? "unix datagram" : "unix"
    default: return "family \(family)"
    }
  }

  private static func address(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> (family: Int32, text: String)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &length) }
    }
    guard result == 0 else { return nil }
    let family = Int32(storage.ss_family)
    return withUnsafeBytes(of: storage) { bytes in
      let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
      switch family {
      case AF_INET: return (family, "\(number(family, bytes, at: 4)):\(port)")
      case AF_INET6: return (family, "[\(number(family, bytes, at: 8))]:\(port)")
      case AF_UNIX:
        // The name of an abstract socket begins with a zero byte.
        let path = bytes[2..<max(2, min(Int(length), bytes.count))]
        let isAbstract = path.first == 0
        let name = oneLine((isAbstract ? path.dropFirst() : path).prefix { $0 != 0 })
        return (family, isAbstract && !name.isEmpty ? "@" + name : name)
      default: return (family, "")
      }
    }
  }

  /// Returns an IP address, given in network byte order, as text.
  static func number(
    _ family: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> String {
    var text = [CChar](repeating: 0, count: 64)
    guard inet_ntop(family, bytes.baseAddress! + offset, &text, socklen_t(text.count)) != nil else {
      return "?"
    }
    return CString.decode(text)
  }
}
