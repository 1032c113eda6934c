import UringTrace

/// The files on which requests and threads wait, and the known holders of these files. Comparing
/// the number of known holders with the kernel's reference count detects a descriptor that was
/// reused, or a holder without a descriptor.
struct FileLedger {
  private struct Descriptor: Hashable {
    var tgid: UInt32
    var fd: Int32
  }

  /// A slot in a ring's table of registered files.
  private struct Slot: Hashable {
    var ring: Ring.ID
    var index: UInt32
  }

  /// The reference count of a `struct file`, and its known holders.
  private struct Account {
    var references: UInt64
    /// Number of descriptors of the file, plus its slots in tables of registered files.
    var descriptors: UInt64 = 0
    /// Requests in flight that name the file by a descriptor. Each holds a reference.
    var requests: UInt64 = 0
    /// Threads in a system call on a descriptor of the file. Each may hold a reference.
    var callers: UInt64 = 0

    /// True if all holders of the file are known.
    var isClosed: Bool {
      references >= descriptors + requests && references <= descriptors + requests + callers
    }

    /// True if the reference count is high enough for the requests to be on this file.
    var admitsRequests: Bool { references >= descriptors + requests }
  }

  private var files: [Descriptor: OpenFile] = [:]
  private var registered: [Slot: OpenFile] = [:]
  private var filesByAddress: [UInt64: OpenFile] = [:]
  private var members: [WaitableFile: [OpenFile]] = [:]
  private var accounts: [UInt64: Account] = [:]

  init(_ facts: WaitFacts, requests: RequestList) {
    for file in facts.files {
      var isNew = true
      if let index = file.registeredIndex {
        // A ring's table is listed once for every process that has the ring open. Count each slot
        // once.
        let slot = Slot(ring: file.ring ?? 0, index: index)
        isNew = registered.updateValue(file, forKey: slot) == nil
      } else {
        files[Descriptor(tgid: file.tgid, fd: file.fd)] = file
      }
      filesByAddress[file.file] = file
      accounts[file.file, default: Account(references: file.references)].descriptors +=
        isNew ? 1 : 0
      if let identity = Self.identity(file) { members[identity, default: []].append(file) }
    }
    // Requests on a registered file hold no reference of their own; the ring's file table holds it.
    for request in requests where !request.hasRegisteredFile {
      if let file = openFile(of: request) { accounts[file.file]!.requests += 1 }
    }
    for thread in facts.threads {
      if let fd = thread.fd, let file = files[Descriptor(tgid: thread.tgid, fd: fd)] {
        accounts[file.file]!.callers += 1
      }
    }
  }

  private static func identity(_ file: OpenFile) -> WaitableFile? {
    switch file.kind {
    case .pipe: .pipe(inode: file.inode)
    case .socket: .socket(inode: file.inode)
    case .eventfd: .eventfd(file.file)
    case .ring: nil
    }
  }

  /// The file that a request holds, if the file has a descriptor or is registered.
  private func openFile(of request: Request) -> OpenFile? {
    // A zero-copy send whose result is posted has released the file.
    guard request.state != .awaitingNotification, request.opcode.hasFile else { return nil }
    if let identity = request.fileIdentity {
      return filesByAddress[identity.address].flatMap {
        $0.inode == 0 || $0.inode == identity.inode ? $0 : nil
      }
    }
    // A request that waits behind another gets its file when it is issued. Up to 6.1 it gets the
    // file earlier, so it has an identity and was handled above.
    guard request.state != .linked, request.state != .deferred else { return nil }
    switch request.file {
    case .descriptor(let fd)?: return files[Descriptor(tgid: request.submitterTgid, fd: fd)]
    case .fixed(let index)?: return registered[Slot(ring: request.ring, index: index)]
    case nil: return nil
    }
  }

  /// The file of a request; nil if it is not a pipe, socket or eventfd, or if the descriptor now
  /// refers to another file.
  func file(of request: Request) -> (file: OpenFile, identity: WaitableFile)? {
    guard let file = openFile(of: request), let identity = Self.identity(file),
      accounts[file.file]?.admitsRequests == true
    else { return nil }
    return (file, identity)
  }

  /// The socket that a zero-copy send used, if the socket still has a descriptor.
  func sender(of request: Request) -> OpenFile? {
    guard let identity = request.fileIdentity else { return nil }
    return files.values.first {
      $0.kind == .socket && $0.file == identity.address && $0.inode == identity.inode
    }
  }

  func file(_ fd: Int32, of tgid: UInt32) -> (file: OpenFile, identity: WaitableFile?)? {
    files[Descriptor(tgid: tgid, fd: fd)].map { ($0, Self.identity($0)) }
  }

  func descriptors(of identity: WaitableFile) -> [OpenFile] { members[identity] ?? [] }

  /// True if every reference to the files of these descriptors is known.
  func isClosed(_ files: [OpenFile]) -> Bool {
    files.allSatisfy { accounts[$0.file]?.isClosed == true }
  }
}

extension Request {
  fileprivate var hasRegisteredFile: Bool {
    SQEFlags(requestFlags: self.flags).contains(.fixedFile)
  }
}
