import Glibc
import UringBase

/// The address on which to listen: `127.0.0.1:9464`, `[::1]:9464`, `9464` or
/// `unix:/run/uringtop.sock`.
public enum ListenAddress: Sendable, Hashable {
  /// The host is a numeric address, because a name would need a look-up.
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  private static let loopback = "127.0.0.1"

  /// Parses an address; nil if the text is not one. A port alone is a port of 127.0.0.1.
  public init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst("unix:".count))
      guard path.hasPrefix("/"), path.utf8.count < Self.longestPath else { return nil }
      self = .unix(path: path)
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let port = parts.last.flatMap({ UInt16($0) }) else { return nil }
    var host = parts.dropLast().joined(separator: ":")
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    if host.isEmpty || host == "localhost" { host = Self.loopback }
    self = .tcp(host: host, port: port)
    guard SocketAddressBytes(self) != nil else { return nil }
  }

  /// Size of `sun_path` in bytes.
  private static let longestPath = 108

  /// The address as URL or path.
  ///
  /// - Parameter actual: the port that the kernel chose; nil for the port of this address.
  public func description(port actual: UInt16?) -> String {
    switch self {
    case .tcp(let host, let port):
      "http://\(host.contains(":") ? "[\(host)]" : host):\(actual ?? port)/metrics"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// The reason why a listener could not be created.
public struct ListenError: Error, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }
}

/// A bound socket that waits for connections.
public struct Listener {
  public let address: ListenAddress
  public let descriptor: Int32
  /// The TCP port, which the kernel chose if ``address`` has port 0; 0 for a socket file.
  public let port: UInt16

  /// Binds and listens. A socket file on which no process listens is replaced. Only the owner can
  /// connect to the new file.
  public init(_ address: ListenAddress) throws(ListenError) {
    guard let bytes = SocketAddressBytes(address) else { throw ListenError("invalid address") }
    let socket = Glibc.socket(
      bytes.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard socket >= 0 else { throw ListenError(CString.error(errno)) }
    var on: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    if case .unix(let path) = address { Self.removeStale(path, bytes) }
    let mask = umask(0o177)
    let status = bytes.withAddress {
      bind(socket, $0, $1) == 0 && listen(socket, 64) == 0 ? 0 : errno
    }
    umask(mask)
    guard status == 0 else {
      Glibc.close(socket)
      throw ListenError(CString.error(status))
    }
    self.address = address
    descriptor = socket
    port = SocketAddressBytes.port(of: socket)
  }

  /// Removes a socket file on which no process listens.
  private static func removeStale(_ path: String, _ bytes: SocketAddressBytes) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    let probe = Glibc.socket(
      bytes.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { return }
    defer { Glibc.close(probe) }
    let isRefused = bytes.withAddress { connect(probe, $0, $1) != 0 && errno == ECONNREFUSED }
    if isRefused { unlink(path) }
  }

  /// Removes the socket file. The server closes the socket.
  public func removeFile() {
    if case .unix(let path) = address { unlink(path) }
  }
}
