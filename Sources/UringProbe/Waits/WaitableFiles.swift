import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords

/// The files on which tasks can wait: pipes, sockets, eventfds and rings.
///
/// Contains all processes' descriptors of such files, the slots of rings' file tables that refer to
/// such files, and the connections between sockets.
struct WaitableFiles {
  struct Descriptor: Hashable {
    var tgid: UInt32
    var fd: Int32
  }

  /// The object that several descriptors can share: a pipe or a socket (with its inode), an eventfd
  /// (address of its `eventfd_ctx`), or a ring (address of its `io_ring_ctx`).
  enum Identity: Hashable {
    case pipe(UInt64)
    case socket(UInt64)
    case eventfd(UInt64)
    case ring(UInt64)
  }

  private struct Connection: Hashable {
    var network: UInt32
    var local: Endpoint
    var peer: Endpoint
  }

  private struct Endpoint: Hashable {
    var words: [UInt32]
    var port: UInt16
  }

  private var files: [probe_open_file]
  private var positions: [Descriptor: Int] = [:]
  private var positionsByAddress: [UInt64: Int] = [:]
  private var members: [Identity: [Int]] = [:]
  private var connections: [Connection: UInt64] = [:]
  private let eventfdOperations: UInt64?
  private let ringOperations: UInt64

  /// - Parameters:
  ///   - ownEventfd: an eventfd of this process. Its `f_op` identifies eventfds.
  ///   - ringOperations: `f_op` of ring files.
  init(_ files: [probe_open_file], ownEventfd: Int32, ringOperations: UInt64) {
    self.files = files
    self.ringOperations = ringOperations
    let own = UInt32(getpid())
    eventfdOperations = files.first { $0.tgid == own && $0.fd == ownEventfd }?.file_operations
    for (position, file) in files.enumerated() {
      guard let identity = identity(of: file) else { continue }
      // A ring in another ring's file table is skipped: no thread waits for a ring that way.
      if case .ring = identity, file.table != 0 { continue }
      if file.fd >= 0 { positions[Descriptor(tgid: file.tgid, fd: file.fd)] = position }
      positionsByAddress[file.file] = position
      members[identity, default: []].append(position)
      if let connection = Self.connection(file) { connections[connection] = file.inode }
    }
  }

  subscript(_ descriptor: Descriptor) -> probe_open_file? {
    positions[descriptor].map { files[$0] }
  }

  /// The file whose `struct file` has this kernel address.
  subscript(address: UInt64) -> probe_open_file? {
    positionsByAddress[address].map { files[$0] }
  }

  func identity(of file: probe_open_file) -> Identity? {
    switch Int32(file.kind) {
    case PROBE_FILE_PIPE: .pipe(file.inode)
    case PROBE_FILE_SOCKET: .socket(file.inode)
    default:
      file.file_operations == ringOperations
        ? .ring(file.private_data)
        : file.file_operations == eventfdOperations ? .eventfd(file.private_data) : nil
    }
  }

  func descriptors(of identity: Identity) -> [probe_open_file] {
    (members[identity] ?? []).map { files[$0] }
  }

  func eventfds(of tgid: UInt32) -> [Identity] {
    files.filter { $0.tgid == tgid }.compactMap { file in
      let identity = identity(of: file)
      return if case .eventfd? = identity { identity } else { nil }
    }
  }

  /// Returns the inode of the socket at the other end; 0 if that socket is on another machine or no
  /// process has it open.
  func peerInode(of file: probe_open_file) -> UInt64 {
    if Int32(file.family) == AF_UNIX { return file.peer }
    guard let own = Self.connection(file) else { return 0 }
    let mirrored = Connection(network: own.network, local: own.peer, peer: own.local)
    return connections[mirrored] ?? 0
  }

  /// Returns the addresses of a connected TCP socket; nil for other files.
  private static func connection(_ file: probe_open_file) -> Connection? {
    guard Int32(file.kind) == PROBE_FILE_SOCKET,
      Int32(file.family) == AF_INET || Int32(file.family) == AF_INET6,
      Int32(file.type) == Int32(SOCK_STREAM.rawValue), file.peer_port != 0
    else { return nil }
    return Connection(
      network: file.network,
      local: endpoint(file, file.address, file.port),
      peer: endpoint(file, file.peer_address, file.peer_port))
  }

  /// Returns an endpoint, with an IPv4 address in the IPv4-mapped IPv6 form, so that the two ends
  /// of a connection compare as equal even if only one socket is an IPv6 socket.
  private static func endpoint(
    _ file: probe_open_file, _ address: (UInt32, UInt32, UInt32, UInt32), _ port: UInt16
  ) -> Endpoint {
    Int32(file.family) == AF_INET
      ? Endpoint(words: [0, 0, UInt32(0xFFFF).bigEndian, address.0], port: port)
      : Endpoint(words: [address.0, address.1, address.2, address.3], port: port)
  }

  /// Returns the addresses as in ``SocketDescription``: `tcp 127.0.0.1:80, peer 127.0.0.1:4711`.
  /// Returns `unix` for a Unix socket and an empty string for other files.
  static func addresses(of file: probe_open_file) -> String {
    let family = Int32(file.family)
    guard Int32(file.kind) == PROBE_FILE_SOCKET, family == AF_INET || family == AF_INET6 else {
      return family == AF_UNIX ? "unix" : ""
    }
    let kind = Int32(file.type) == Int32(SOCK_STREAM.rawValue) ? "tcp" : "udp"
    let own = "\(kind) \(text(family, file.address)):\(file.port)"
    return file.peer_port == 0
      ? own : own + ", peer \(text(family, file.peer_address)):\(file.peer_port)"
  }

  private static func text(
    _ family: Int32, _ address: (UInt32, UInt32, UInt32, UInt32)
  ) -> String {
    var text = [CChar](repeating: 0, count: 64)
    let isKnown = withUnsafePointer(to: address) {
      inet_ntop(family, $0, &text, socklen_t(text.count)) != nil
    }
    guard isKnown else { return "?" }
    return family == AF_INET6 ? "[\(CString.decode(text))]" : CString.decode(text)
  }
}
