/// Names of the files that requests refer to.
public struct FileNames: Sendable {
  public struct DescriptorKey: Hashable, Sendable {
    public var tgid: UInt32
    public var fd: Int32
  }
  public struct FixedKey: Hashable, Sendable {
    public var ring: Ring.ID
    public var index: UInt32

    public init(ring: Ring.ID, index: UInt32) {
      self.ring = ring
      self.index = index
    }
  }

  /// A descriptor that no longer refers to the file that a request has.
  public struct Closed: Sendable {
    public var fd: Int32
    /// What has the descriptor now; empty if nothing has.
    public var now: String
  }

  /// Of recordings without identities: what had the descriptor when it was looked at.
  public var descriptors: [DescriptorKey: String] = [:]
  public var fixed: [FixedKey: String] = [:]

  public var files: [FileIdentity: String] = [:]
  public var closed: [FileIdentity: Closed] = [:]

  public init() {}

  /// A file's path or description, nil where it is not known.
  public func name(of file: FileIdentity) -> String? {
    file.ownName ?? files[file] ?? (file.isAnonymous ? "anon_inode" : nil)
  }

  /// The file's path or description, nil where it is not known.
  public func name(of request: Request) -> String? {
    if let file = request.fileIdentity, let name = name(of: file) { return name }
    switch request.file {
    case .descriptor(let fd)? where request.fileIdentity == nil:
      return descriptors[DescriptorKey(tgid: request.submitterTgid, fd: fd)]
    case .fixed(let index)?: return fixed[FixedKey(ring: request.ring, index: index)]
    default: return nil
    }
  }

  /// Of a request whose descriptor was closed: that, and what the descriptor refers to now. Nil if it still refers to
  /// the file, or is not known.
  public func closing(of request: Request) -> String? {
    guard let file = request.fileIdentity, let closed = closed[file] else { return nil }
    return closed.now.isEmpty
      ? "closed (was fd \(closed.fd))"
      : "closed (was fd \(closed.fd); \(closed.fd) is now \(closed.now))"
  }

  /// The file in words, with what is special about it: SPLICE and TEE have two, and a file may have been closed.
  public func description(of request: Request) -> String? {
    guard var text = name(of: request) else { return closing(of: request) }
    if let input = request.inputIdentity.flatMap({ name(of: $0) }) {
      text = "from \(input) to \(text)"
    }
    return closing(of: request).map { "\(text), \($0)" } ?? text
  }
}
