import UringTrace

/// Which file a request or a thread waits on, and who holds it: checked against the kernel's own count of
/// references, so that a descriptor that was reused, or a holder that no descriptor shows, is noticed.
struct FileLedger {
  private struct Descriptor: Hashable {
    var tgid: UInt32
    var fd: Int32
  }

  /// A `struct file` and its accounts.
  private struct Account {
    var references: UInt64
    var descriptors: UInt64 = 0
    /// Requests in flight that were looked up in a descriptor of it.
    var requests: UInt64 = 0
    /// Threads that are in a system call on a descriptor of it.
    var callers: UInt64 = 0

    /// All holders are known.
    var isClosed: Bool {
      references >= descriptors + requests && references <= descriptors + requests + callers
    }

    /// The requests can be on it.
    var admitsRequests: Bool { references >= descriptors + requests }
  }

  private var files: [Descriptor: OpenFile] = [:]
  private var members: [WaitableFile: [OpenFile]] = [:]
  private var accounts: [UInt64: Account] = [:]

  init(_ facts: WaitFacts, requests: [Request]) {
    for file in facts.files {
      files[Descriptor(tgid: file.tgid, fd: file.fd)] = file
      accounts[file.file, default: Account(references: file.references)].descriptors += 1
      if let identity = Self.identity(file) { members[identity, default: []].append(file) }
    }
    for request in requests {
      if let file = descriptorFile(of: request) { accounts[file.file]!.requests += 1 }
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

  /// The file that a request holds, if it was looked up in a descriptor.
  private func descriptorFile(of request: Request) -> OpenFile? {
    guard request.state != .linked, request.state != .deferred, request.opcode.hasFile,
      case .descriptor(let fd)? = request.file
    else { return nil }
    return files[Descriptor(tgid: request.submitterTgid, fd: fd)]
  }

  /// The file of a request; nil if it is none of these kinds, or if the descriptor refers to another one now.
  func file(of request: Request) -> (file: OpenFile, identity: WaitableFile)? {
    guard let file = descriptorFile(of: request), let identity = Self.identity(file),
      accounts[file.file]?.admitsRequests == true
    else { return nil }
    return (file, identity)
  }

  func file(_ fd: Int32, of tgid: UInt32) -> (file: OpenFile, identity: WaitableFile?)? {
    files[Descriptor(tgid: tgid, fd: fd)].map { ($0, Self.identity($0)) }
  }

  func descriptors(of identity: WaitableFile) -> [OpenFile] { members[identity] ?? [] }

  /// Whether every reference to the files of these descriptors is known.
  func isClosed(_ files: [OpenFile]) -> Bool {
    files.allSatisfy { accounts[$0.file]?.isClosed == true }
  }
}
