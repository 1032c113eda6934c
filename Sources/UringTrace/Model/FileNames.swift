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

  /// A request's file to which the descriptor in the SQE no longer refers: the descriptor was
  /// closed or reused for another file.
  public struct Closed: Sendable {
    public var tgid: UInt32
    /// The descriptor in the request's SQE; -1 if unknown.
    public var fd: Int32
    /// Name of the file to which the descriptor refers now; empty if the descriptor is closed.
    public var now: String
    /// The socket's addresses if the file is a socket; empty for other files, or if unknown.
    public var itself: String
    /// True if no descriptor of any process refers to the file.
    public var hasNone: Bool

    public var state: String {
      hasNone ? "which no longer has a descriptor" : "whose descriptor was closed"
    }

    var text: String {
      guard fd >= 0 else { return state }
      return now.isEmpty ? "\(state) (it was fd \(fd))" : "\(state) (fd \(fd) is now \(now))"
    }
  }

  /// Names by descriptor or registered index, for recordings without file identities. Each is the
  /// name of the file to which the descriptor or index referred when it was looked up.
  public var descriptors: [DescriptorKey: String] = [:]
  public var fixed: [FixedKey: String] = [:]

  public var files: [FileIdentity: String] = [:]
  public var closed: [FileIdentity: Closed] = [:]

  public init() {}

  /// A file's path or description; nil if unknown. A socket is named by its addresses if they are
  /// known.
  public func name(of file: FileIdentity) -> String? { files[file] ?? file.ownName }

  /// The name of the file in a slot of a ring's table of registered files.
  public func name(of file: Ring.RegisteredFile, ring: Ring.ID) -> String? {
    if let identity = file.identity { return name(of: identity) }
    return fixed[FixedKey(ring: ring, index: file.index)]
  }

  /// The path or description of a request's file; for SPLICE and TEE, which have two files, that of
  /// the output.
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

  /// The path or description of a request's file; nil if unknown. For SPLICE and TEE it names both
  /// files: "pipe:[1] to pipe:[2]".
  public func name(of request: Request) -> String? {
    guard request.opcode == .splice || request.opcode == .tee else {
      return outputName(of: request)
    }
    guard let input = inputName(of: request) else {
      return outputName(of: request).map { "an unknown file to \($0)" }
    }
    return "\(input) to \(outputName(of: request) ?? "an unknown file")"
  }

  /// The name of a request's file for use in a sentence. The name of a pipe leaves out the
  /// processes at its other end, because they may have changed since the name was formed. Sentences
  /// about waits take these processes from ``WaitFacts`` instead.
  package func sentenceName(of request: Request) -> String? {
    let isPair = request.opcode == .splice || request.opcode == .tee
    if !isPair, let pipe = request.fileIdentity?.ownName, pipe.hasPrefix("pipe:") { return pipe }
    return name(of: request)
  }

  /// A clause about the closed descriptor of a request in flight, and about the file to which the
  /// descriptor refers now. Nil if the descriptor still refers to the request's file, or if this is
  /// unknown.
  public func closing(of request: Request) -> String? {
    guard !request.state.isFinal, let file = request.fileIdentity else { return nil }
    return closed[file]?.text
  }

  /// The name of a request's file, followed by the clause ``closing(of:)`` if there is one.
  public func description(of request: Request) -> String? {
    let closing = closing(of: request)
    guard let name = name(of: request) else { return closing.map { "a file \($0)" } }
    guard let closing else { return name }
    let own = request.fileIdentity?.ownName ?? name
    let itself = request.fileIdentity.flatMap { closed[$0]?.itself } ?? ""
    return itself.isEmpty ? "\(own), \(closing)" : "\(own) (\(itself)), \(closing)"
  }
}
