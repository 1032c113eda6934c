import CRecord

/// Results of the last look at waits: threads, and the files and futexes through which they wait for each
/// other.
public struct WaitFacts: Sendable, Hashable {
  /// When the look began, or when a later one found the same; 0 if there was none.
  public var time: UInt64 = 0
  /// Nothing was left out.
  public var isComplete = false
  public var threads: [ThreadState] = []
  public var files: [OpenFile] = []
  public var futexes: [FutexWord] = []

  package init() {}
}

/// The state of a thread.
public struct ThreadState: Sendable, Hashable {
  /// Why it does not run.
  public enum Wait: Sendable, Hashable {
    /// Blocked by something else.
    case unknown
    case runs
    /// Its time runs out by itself.
    case timed
    /// By a signal or a debugger.
    case stopped
    /// It has exited.
    case ended
    /// Until its file can be read.
    case reads
    /// Until its file can be written.
    case writes
    /// For completions of a ring, in io_uring_enter; nil if the ring is not in view.
    case cqes(Ring.ID?)
    /// For the futex at an address of its process.
    case futex(UInt64)
    /// For a child.
    case process(UInt32)
  }

  public var tid: UInt32
  public var tgid: UInt32
  public var wait: Wait
  /// A worker or SQ thread of io_uring.
  public var isWorker: Bool
  /// Letter of /proc/PID/stat: `S` sleeps, `D` cannot be interrupted, `T` is stopped.
  public var state: Unicode.Scalar
  /// It has not run since; 0 if not known.
  public var since: UInt64
  /// Name of its system call, empty if it is in none or not known.
  public var call: String
  /// The kernel's function that it sleeps in, empty if not known.
  public var function: String
  /// Descriptor in its system call, nil if it has none.
  public var fd: Int32?
  /// Signals that its process catches: bit 0 is signal 1.
  public var signals: UInt64

  package init(tid: UInt32, tgid: UInt32, wait: Wait, since: UInt64) {
    self.tid = tid
    self.tgid = tgid
    self.wait = wait
    self.since = since
    (isWorker, state, call, function, fd, signals) = (false, "S", "", "", nil, 0)
  }
}

/// A descriptor of a pipe, a socket, an eventfd or a ring, or a ring's slot with one of these files.
public struct OpenFile: Sendable, Hashable {
  public enum Kind: String, Sendable {
    case pipe, socket, eventfd, ring
  }

  public var tgid: UInt32
  /// Negative: it is registered with ``ring``, in slot -1 - fd.
  public var fd: Int32
  public var kind: Kind
  /// `struct file *`: descriptors that were duplicated or inherited have one.
  public var file: UInt64
  /// Of pipes and sockets; 0 for others.
  public var inode: UInt64
  /// The socket at the other end, 0 if it is on another machine or closed.
  public var peerInode: UInt64
  /// References to the file: by descriptors, by requests, and by others.
  public var references: UInt64
  public var canRead: Bool
  public var canWrite: Bool
  /// Pipes: files that are open for reading, and for writing.
  public var readers: UInt32
  public var writers: UInt32
  /// Pipes: occupied slots. Sockets: packets to be received. Eventfds: 1 unless the counter is 0.
  public var pending: UInt32
  /// TCP: memory of what was sent and is not acknowledged.
  public var queued: UInt32 = 0
  /// Pipes: slots.
  public var capacity: UInt32
  /// Eventfds: references to the counter, one of them the file's: other users are in the kernel.
  public var kernelUsers: UInt32
  /// Sockets: addresses.
  public var addresses: String
  /// The ring that it is, that has it registered, or that signals it (eventfds), if that is in view.
  public var ring: Ring.ID?
  /// Connected TCP sockets.
  public var stream: StreamQueues?

  /// The slot of a registered file.
  public var registeredIndex: UInt32? { fd < 0 ? UInt32(-1 - fd) : nil }

  package init(tgid: UInt32, fd: Int32, kind: Kind, file: UInt64, inode: UInt64 = 0) {
    (self.tgid, self.fd, self.kind, self.file, self.inode) = (tgid, fd, kind, file, inode)
    (peerInode, references, canRead, canWrite) = (0, 1, true, true)
    (readers, writers, pending, capacity, kernelUsers) = (0, 0, 0, 0, 0)
    (addresses, ring) = ("", nil)
  }
}

/// Bytes in the queues of a TCP connection.
public struct StreamQueues: Sendable, Hashable {
  /// Sent by the application and not acknowledged by the peer.
  public var sendQueue: UInt32
  /// For which the peer has room, as it said last.
  public var window: UInt32
  /// Received and not read by the application.
  public var unread: UInt32

  package init(sendQueue: UInt32, window: UInt32, unread: UInt32) {
    (self.sendQueue, self.window, self.unread) = (sendQueue, window, unread)
  }
}

/// The word of a futex that a thread or a request waits for.
public struct FutexWord: Sendable, Hashable {
  public var tgid: UInt32
  public var address: UInt64
  public var value: UInt32
  /// Only threads of the process can wake it.
  public var isPrivate: Bool
  /// The thread that holds the mutex, 0 if it is not known to be one.
  public var owner: UInt32

  package init(tgid: UInt32, address: UInt64, value: UInt32, isPrivate: Bool, owner: UInt32 = 0) {
    (self.tgid, self.address, self.value) = (tgid, address, value)
    (self.isPrivate, self.owner) = (isPrivate, owner)
  }
}

extension WaitFacts {
  /// Leaves out processes that nothing connects with those named: no file that both have open, no other end of one, no
  /// wait for a child, and no mutex.
  package mutating func keep(connectedTo processes: Set<UInt32>) {
    guard time != 0 else { return }
    let connected = connected(with: processes)
    threads.removeAll { !connected.contains($0.tgid) }
    files.removeAll { !connected.contains($0.tgid) }
    futexes.removeAll { !connected.contains($0.tgid) }
  }

  private func connected(with processes: Set<UInt32>) -> Set<UInt32> {
    /// An object that two processes can share.
    enum Link: Hashable {
      case file(UInt64)
      case inode(UInt64)
      case word(UInt64)
    }
    var links: [UInt32: [Link]] = [:]
    for file in files {
      links[file.tgid, default: []].append(.file(file.file))
      for inode in [file.inode, file.peerInode] where inode != 0 {
        links[file.tgid, default: []].append(.inode(inode))
      }
    }
    // The address of a shared word differs between processes: all with shared words are connected.
    for futex in futexes where !futex.isPrivate { links[futex.tgid, default: []].append(.word(0)) }
    var others: [Link: [UInt32]] = [:]
    for (tgid, links) in links { for link in links { others[link, default: []].append(tgid) } }
    var children: [UInt32: [UInt32]] = [:]
    for thread in threads {
      if case .process(let child) = thread.wait { children[thread.tgid, default: []].append(child) }
    }
    var connected = processes
    var pending = Array(processes)
    while let tgid = pending.popLast() {
      let next = (links[tgid] ?? []).flatMap { others[$0] ?? [] } + (children[tgid] ?? [])
      for other in next where connected.insert(other).inserted { pending.append(other) }
    }
    return connected
  }
}
