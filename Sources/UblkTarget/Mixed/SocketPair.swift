import Glibc

/// Two sockets that are connected to each other.
struct SocketPair: ~Copyable {
  let first: OwnedDescriptor
  let second: OwnedDescriptor

  init() throws(TargetError) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .last("cannot make sockets") }
    first = OwnedDescriptor(owning: ends[0])
    second = OwnedDescriptor(owning: ends[1])
  }
}
