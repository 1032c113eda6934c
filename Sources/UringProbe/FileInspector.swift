import CBPF
import CProbe
import CRecord
import Glibc

/// Asks the file of a request what it reports now. Only files that answer without anybody's help: of a
/// file system in user space a question may never return.
enum FileInspector {
  /// Looks at the file of a request that was just found, if its descriptor still names it.
  static func look(at parked: record_parked, time: UInt64, into records: inout RecordBuffer) {
    guard parked.known & UInt8(RECORD_KNOWS_FD) != 0, parked.flags & 1 == 0, parked.fd >= 0,
      parked.tgid != 0,
      let link = Procfs.link("/proc/\(parked.tgid)/fd/\(parked.fd)"),
      ["socket:", "pipe:", "anon_inode:"].contains(where: { link.starts(with: $0.utf8) })
    else { return }
    let descriptor = cbpf_take_descriptor(pid_t(parked.tgid), parked.fd)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }

    var question = pollfd(fd: descriptor, events: 0x7FF, revents: 0)
    guard poll(&question, 1, 0) >= 0 else { return }
    let isSocket = link.starts(with: "socket:".utf8)
    let text = isSocket ? Array(SocketDescription(descriptor).text.utf8) : []
    records.append(
      record_file_state.self, at: time, ring: parked.base.ctx, request: parked.base.req,
      text: text
    ) {
      $0.poll_events = UInt32(UInt16(bitPattern: question.revents))
      $0.length = UInt32(text.count)
      $0.receive_bytes = cbpf_pending_bytes(descriptor, false)
      $0.send_bytes = isSocket ? cbpf_pending_bytes(descriptor, true) : -1
    }
  }
}

/// A socket's kind and addresses: "tcp 10.0.0.1:80, peer 10.0.0.2:4711".
struct SocketDescription {
  private(set) var text: String

  init(_ descriptor: Int32) {
    var type: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length)
    let own = Self.address { getsockname(descriptor, $0, $1) }
    let peer = Self.address { getpeername(descriptor, $0, $1) }
    let family = own?.family ?? AF_UNSPEC
    text = Self.kind(family: family, type: type)
    if let own, !own.text.isEmpty { text += " " + own.text }
    if let peer, !peer.text.isEmpty { text += ", peer " + peer.text }
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
        // an abstract name begins with a zero
        let path = bytes[2..<max(2, min(Int(length), bytes.count))]
        let isAbstract = path.first == 0
        let name = harmless((isAbstract ? path.dropFirst() : path).prefix { $0 != 0 })
        return (family, isAbstract && !name.isEmpty ? "@" + name : name)
      default: return (family, "")
      }
    }
  }

  private static func number(
    _ family: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> String {
    var text = [CChar](repeating: 0, count: 64)
    guard inet_ntop(family, bytes.baseAddress! + offset, &text, socklen_t(text.count)) != nil else {
      return "?"
    }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
