/// Names of the files that requests refer to.
public struct FileNames: Sendable {
  public struct DescriptorKey: Hashable, Sendable {
    public var tgid: UInt32
    public var fd: Int32

    package init(tgid: UInt32, fd: Int32) {
      self.tgid = tgid
      self.fd = fd
    }
  }
  public struct FixedKey: Hashable, Sendable {
    public var ring: Ring.ID
    public var index: UInt32

    public init(ring: Ring.ID, index: UInt32) {
      self.ring = ring
      self.index = index
    }
  }

  /// A file to which the descriptor that a request used no longer refers.
  public struct Closed: Sendable {
    public var tgid: UInt32
    /// The descriptor; -1 if unknown.
    public var fd: Int32
    /// The file to which the descriptor refers now; empty if the descriptor is closed.
    public var now: String
    /// The file's addresses, if it is a socket and they are known; else empty.
    public var itself: String
    /// True if no descriptor of any process refers to the file.
    public var hasNone: Bool

    public var state: String {
      hasNone ? "which has no descriptor any more" : "whose descriptor was closed"
    }

    var text: String {
      guard fd >= 0 else { return state }
      return now.isEmpty ? "\(state) (it was fd \(fd))" : "\(state) (fd \(fd) is now \(now))"
    }
  }

  /// For recordings without file identities: the file to which each descriptor or index referred when it was read.
  public var descriptors: [DescriptorKey: String] = [:]
  public var fixed: [FixedKey: String] = [:]

  public var files: [FileIdentity: String] = [:]
  public var closed: [FileIdentity: Closed] = [:]

  public init() {}

  /// A file's path or description; nil if unknown. A socket is named by its addresses if they are known.
  public func name(of file: FileIdentity) -> String? { files[file] ?? file.ownName }

  /// The name of the file in a slot of a ring's table of registered files.
  public func name(of file: Ring.RegisteredFile, ring: Ring.ID) -> String? {
    if let identity = file.identity { return name(of: identity) }
    return fixed[FixedKey(ring: ring, index: file.index)]
  }

  /// The path or description of a request's file. SPLICE and TEE have two files: this is their output.
  public func outputName(of request: Request) -> String? {
    if let file = request.fileIdentity { return name(of: file) }
    switch request.file {
    case .descriptor(let fd)?:
      return descriptors[DescriptorKey(tgid: request.submitterTgid, fd: fd)]
    case .fixed(let index)?: return fixed[FixedKey(ring: request.ring, index: index)]
    case nil: return nil
    }
  }

  /// The name of the file that SPLICE or TEE reads from.
  public func inputName(of request: Request) -> String? {
    guard let name = request.inputIdentity.flatMap({ name(of: $0) }) else { return nil }
    guard request.isInputDerived else { return name }
    let number = request.sqe.file_index
    return request.isInputFixed
      ? "registered file \(number) (now \(name))" : "fd \(Int32(bitPattern: number)) (now \(name))"
  }

  /// The path or description of a request's file; nil if unknown. SPLICE and TEE name both: "pipe:[1] to pipe:[2]".
  public func name(of request: Request) -> String? {
    guard request.opcode == .splice || request.opcode == .tee else {
      return outputName(of: request)
    }
    guard let input = inputName(of: request) else {
      return outputName(of: request).map { "an unknown file to \($0)" }
    }
    return "\(input) to \(outputName(of: request) ?? "an unknown file")"
  }

  /// The name for a sentence: a pipe without the processes at its other end, which may have changed since they were
  /// found. Sentences name them as of the look that they are about.
  package func sentenceName(of request: Request) -> String? {
    let isPair = request.opcode == .splice || request.opcode == .tee
    if !isPair, let pipe = request.fileIdentity?.ownName, pipe.hasPrefix("pipe:") { return pipe }
    return name(of: request)
  }

  /// Describes that the descriptor of a request in flight was closed, and which file it refers to now. Nil if the
  /// descriptor still refers to the request's file, or if that is unknown.
  public func closing(of request: Request) -> String? {
    guard !request.state.isFinal, let file = request.fileIdentity else { return nil }
    return closed[file]?.text
  }

  /// The file's name, and what happened to its descriptor.
  public func description(of request: Request) -> String? {
    let closing = closing(of: request)
    guard let name = name(of: request) else { return closing.map { "a file \($0)" } }
    guard let closing else { return name }
    let own = request.fileIdentity?.ownName ?? name
    let itself = request.fileIdentity.flatMap { closed[$0]?.itself } ?? ""
    return itself.isEmpty ? "\(own), \(closing)" : "\(own) (\(itself)), \(closing)"
  }
}
