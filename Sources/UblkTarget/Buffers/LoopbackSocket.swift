import Glibc

/// Two TCP sockets on this machine, connected to each other. TCP, because AF_UNIX has no zero-copy
/// sends.
struct LoopbackSocket: ~Copyable {
  let sender: OwnedDescriptor
  let receiver: OwnedDescriptor

  init() throws(TargetError) {
    let listener = try Self.make()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = Self.with(&address) { bind(listener.number, $0, length) }
    guard bound == 0, listen(listener.number, 1) == 0,
      Self.with(&address, { getsockname(listener.number, $0, &length) }) == 0
    else { throw .last("cannot listen on the loopback network") }
    let sender = try Self.make()
    // connect() does not block, because the kernel completes the connection before accept().
    guard Self.with(&address, { connect(sender.number, $0, length) }) == 0 else {
      throw .last("cannot connect over the loopback network")
    }
    let accepted = accept(listener.number, nil, nil)
    guard accepted >= 0, fcntl(accepted, F_SETFD, FD_CLOEXEC) == 0 else {
      throw .last("cannot accept over the loopback network")
    }
    self.sender = sender
    receiver = OwnedDescriptor(owning: accepted)
  }

  private static func make() throws(TargetError) -> OwnedDescriptor {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw .last("cannot make a socket") }
    return OwnedDescriptor(owning: number)
  }

  private static func with(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Int32
  ) -> Int32 {
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
    }
  }
}
