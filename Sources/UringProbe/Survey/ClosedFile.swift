import CBPF
import Glibc
import UringBase
import UringTrace

/// Descriptions of two files: one that a request holds open although its descriptor was closed, and
/// the file to which the descriptor refers now.
enum ClosedFile {
  /// Returns the addresses and state of a socket without a descriptor, from the tables of its
  /// network namespace in /proc; empty if they do not list the socket.
  static func description(of file: FileIdentity, in tgid: UInt32) -> String {
    guard file.ownName?.hasPrefix("socket:") == true else { return "" }
    for (name, kind) in [("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp")] {
      guard let text = Procfs.text("/proc/\(tgid)/net/\(name)") else { continue }
      for line in Procfs.lines(text).dropFirst() {
        let fields = line.split(separator: " ", maxSplits: 10)
        guard fields.count > 9, UInt64(fields[9]) == file.inode, let own = endpoint(fields[1]),
          let peer = endpoint(fields[2]), let state = UInt8(fields[3], radix: 16)
        else { continue }
        var words = "\(kind) \(own.text)"
        if peer.port != 0 { words += ", peer \(peer.text)" }
        if kind == "tcp", let state = SocketDescription.tcpState(state) { words += ", \(state)" }
        return words
      }
    }
    return ""
  }

  /// Parses an endpoint: `0100007F:1F90` or, for IPv6, 32 digits before the colon. The address is a
  /// sequence of 32-bit words in the machine's byte order; the port follows the colon.
  private static func endpoint(_ field: Substring) -> (text: String, port: UInt16)? {
    let parts = field.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
    var words: [UInt32] = []
    var digits = parts[0]
    while !digits.isEmpty {
      guard let word = UInt32(digits.prefix(8), radix: 16) else { return nil }
      words.append(word)
      digits = digits.dropFirst(8)
    }
    guard words.count == 1 || words.count == 4 else { return nil }
    let isLong = words.count == 4
    let address = words.withUnsafeBytes {
      SocketDescription.number(isLong ? AF_INET6 : AF_INET, $0, at: 0)
    }
    return ("\(isLong ? "[\(address)]" : address):\(port)", port)
  }

  /// Returns a description of the file to which a descriptor refers now, including its unread
  /// bytes: "socket:[7] (tcp 127.0.0.1:80), with 5 bytes unread".
  ///
  /// - Parameter name: name of that file in /proc.
  static func present(_ name: String, _ fd: Int32, of tgid: UInt32) -> String {
    // The descriptor may refer to yet another file since `name` was read.
    guard DescriptorCopy.isSocket(name) || DescriptorCopy.isPipe(name),
      DescriptorCopy.name(fd, of: tgid) == name
    else { return name }
    let addition = DescriptorCopy.ask(fd, of: tgid) { descriptor -> String? in
      var status = stat()
      guard fstat(descriptor, &status) == 0, name.hasSuffix(":[\(status.st_ino)]") else {
        return nil
      }
      let unread = cbpf_pending_bytes(descriptor, false)
      return (DescriptorCopy.isSocket(name) ? " (\(SocketDescription(descriptor).text))" : "")
        + (unread > 0 ? ", with \(unread) \(unread == 1 ? "byte" : "bytes") unread" : "")
    }
    return name + (addition ?? "")
  }
}
