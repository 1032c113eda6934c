import Foundation

/// Ports of 127.0.0.1.
public enum LoopbackPort {
  /// A port that was free a moment ago; nil if there is none.
  public static func free() -> UInt16? {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return bind(probe, pointer, length) == 0 ? getsockname(probe, pointer, &length) : -1
    }
    return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
  }
}
