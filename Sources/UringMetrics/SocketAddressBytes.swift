import Glibc

/// A `sockaddr` for an address.
struct SocketAddressBytes {
  let family: Int32
  private let storage: sockaddr_storage
  private let length: socklen_t

  /// Nil if the host is not a numeric address, or if the path is too long.
  init?(_ address: ListenAddress) {
    switch address {
    case .unix(let path):
      var unix = sockaddr_un()
      unix.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8)
      let fits = withUnsafeMutableBytes(of: &unix.sun_path) { target in
        guard bytes.count < target.count else { return false }
        target.copyBytes(from: bytes)
        return true
      }
      guard fits else { return nil }
      (family, storage, length) = (AF_UNIX, Self.storage(unix), Self.length(unix))
    case .tcp(let host, let port) where host.contains(":"):
      var six = sockaddr_in6()
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      guard inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else { return nil }
      (family, storage, length) = (AF_INET6, Self.storage(six), Self.length(six))
    case .tcp(let host, let port):
      var four = sockaddr_in()
      four.sin_family = sa_family_t(AF_INET)
      four.sin_port = port.bigEndian
      guard inet_pton(AF_INET, host, &four.sin_addr) == 1 else { return nil }
      (family, storage, length) = (AF_INET, Self.storage(four), Self.length(four))
    }
  }

  private static func storage<Address>(_ address: Address) -> sockaddr_storage {
    var storage = sockaddr_storage()
    withUnsafeBytes(of: address) { source in
      withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: source) }
    }
    return storage
  }

  private static func length<Address>(_: Address) -> socklen_t {
    socklen_t(MemoryLayout<Address>.size)
  }

  func withAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    withUnsafeBytes(of: storage) {
      body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), length)
    }
  }

  /// The port of a socket; 0 if it has none.
  static func port(of socket: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutableBytes(of: &storage) {
      getsockname(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
    }
    guard status == 0, [AF_INET, AF_INET6].contains(Int32(storage.ss_family)) else { return 0 }
    // sin_port and sin6_port have the same offset.
    return withUnsafeBytes(of: storage) {
      UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
    }
  }
}
