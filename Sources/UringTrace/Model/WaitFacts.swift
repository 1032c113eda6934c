import CRecord

/// Results of the last search for waits: threads, and the files and futexes through which they wait
/// for each other. The probe searches for waits while a ring makes no progress.
public struct WaitFacts: Sendable, Hashable {
  /// Start of the last search, even if it only confirmed the result of an earlier one; nanoseconds,
  /// CLOCK_MONOTONIC, 0 if there was none.
  public var time: UInt64 = 0
  /// True if the search left nothing out. False if there were too many processes or files, or if a
  /// thread was created during the search.
  public var isComplete = false
  public var threads: [ThreadState] = []
  public var files: [OpenFile] = []
  public var futexes: [FutexWord] = []

  package init() {}
}

/// The state of a thread.
public struct ThreadState: Sendable, Hashable {
  /// The reason why the thread does not run.
  public enum Wait: Sendable, Hashable {
    /// Blocked for a reason that is none of the other cases.
    case unknown
    case runs
    /// Waits with a timeout.
    case timed
    /// Stopped by a signal or a debugger.
    case stopped
    /// The thread has exited.
    case ended
    /// Waits until its file can be read.
    case reads
    /// Waits until its file can be written.
    case writes
    /// Waits in io_uring_enter for completions of a ring; nil if the ring is not observed.
    case cqes(Ring.ID?)
    /// Waits for the futex at an address in its process.
    case futex(UInt64)
    /// Waits for the child process with this id.
    case process(UInt32)
  }

  public var tid: UInt32
  public var tgid: UInt32
  public var wait: Wait
  /// True for a worker or SQ thread of io_uring.
  public var isWorker: Bool
  /// Letter of /proc/PID/stat: `S` sleeps, `D` cannot be interrupted, `T` is stopped.
  public var state: Unicode.Scalar
  /// Time since which the thread has not run; 0 if unknown.
  public var since: UInt64
  /// Name of the thread's system call; empty if there is none or it is unknown.
  public var call: String
  /// The kernel function in which the thread sleeps; empty if unknown.
  public var function: String
  /// The descriptor on which the system call works; nil if it has none.
  public var fd: Int32?
  /// Signals that the process catches: bit 0 is signal 1.
  public var signals: UInt64

  package init(tid: UInt32, tgid: UInt32, wait: Wait, since: UInt64) {
    self.tid = tid
    self.tgid = tgid
    self.wait = wait
    self.since = since
    (isWorker, state, call, function, fd, signals) = (false, "S", "", "", nil, 0)
  }
}

/// A descriptor of a pipe, socket, eventfd or ring, or a slot of a ring's file table that contains
/// such a file.
public struct OpenFile: Sendable, Hashable {
  public enum Kind: String, Sendable {
    case pipe, socket, eventfd, ring
  }

  public var tgid: UInt32
  /// Negative for a file registered with ``ring``: it is in slot -1 - fd.
  public var fd: Int32
  public var kind: Kind
  /// `struct file *`: duplicated or inherited descriptors share it.
  public var file: UInt64
  /// Inode of a pipe or socket; 0 for other files.
  public var inode: UInt64
  /// Inode of the socket at the other end; 0 if it is on another machine or closed.
  public var peerInode: UInt64
  /// Number of references to the file: by descriptors, by requests, and by other holders.
  public var references: UInt64
  public var canRead: Bool
  public var canWrite: Bool
  /// Pipes: number of files open for reading, and for writing.
  public var readers: UInt32
  public var writers: UInt32
  /// Pipes: occupied slots. Sockets: packets to receive. Eventfds: 1 unless the counter is 0.
  public var pending: UInt32
  /// TCP: bytes of kernel memory that hold sent data that is not acknowledged.
  public var queued: UInt32 = 0
  /// Pipes: number of slots.
  public var capacity: UInt32
  /// Eventfds: number of references to the counter. One is the file's; any others belong to users
  /// in the kernel.
  public var kernelUsers: UInt32
  /// Sockets: addresses.
  public var addresses: String
  /// The observed ring that is this file, has registered it, or signals it (eventfds); nil if there
  /// is none.
  public var ring: Ring.ID?
  /// Queues of a connected TCP socket.
  public var stream: StreamQueues?

  /// The slot of a registered file; nil for a descriptor.
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
  /// Bytes that the application sent and the peer has not acknowledged.
  public var sendQueue: UInt32
  /// Bytes for which the peer has room, as it last advertised.
  public var window: UInt32
  /// Bytes received that the application has not read.
  public var unread: UInt32

  package init(sendQueue: UInt32, window: UInt32, unread: UInt32) {
    (self.sendQueue, self.window, self.unread) = (sendQueue, window, unread)
  }
}

/// The futex word on which a thread or a request waits.
public struct FutexWord: Sendable, Hashable {
  public var tgid: UInt32
  public var address: UInt64
  public var value: UInt32
  /// True if only threads of the process can wake the futex.
  public var isPrivate: Bool
  /// The thread that holds the mutex; 0 if the futex is not known to be a mutex.
  public var owner: UInt32

  package init(tgid: UInt32, address: UInt64, value: UInt32, isPrivate: Bool, owner: UInt32 = 0) {
    (self.tgid, self.address, self.value) = (tgid, address, value)
    (self.isPrivate, self.owner) = (isPrivate, owner)
  }
}

extension WaitFacts {
  /// Removes the processes that are not connected to `processes`, directly or through other
  /// processes. Two processes are connected if they share an open file, hold the two ends of a pipe
  /// or connection, or have shared futex words, or if one waits for the other as its child.
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
    // A shared futex word can have a different address in each process, so all processes with
    // shared words count as connected.
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
