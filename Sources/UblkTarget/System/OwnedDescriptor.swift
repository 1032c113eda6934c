import Glibc

/// A file descriptor that is closed when this value is destroyed.
struct OwnedDescriptor: ~Copyable, Sendable {
  let number: Int32

  init(owning number: Int32) { self.number = number }

  init(open path: String, _ flags: Int32, mode: mode_t = 0o600) throws(TargetError) {
    let number = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw .last("cannot open \(path)") }
    self.number = number
  }

  deinit { close(number) }
}

/// A descriptor with several owners.
final class SharedDescriptor: Sendable {
  private let owned: OwnedDescriptor

  init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  var number: Int32 { owned.number }
}
