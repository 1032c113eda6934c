import UringTrace

/// Names of nodes in sentences and in documents.
extension WaitGraph {
  func name(_ thread: ThreadState) -> String {
    "thread \(Words.thread(thread.tid, in: snapshot))"
  }

  func name(_ ring: Ring, in tgid: UInt32) -> String {
    let numbers = Set(ring.descriptors.filter { $0.tgid == tgid && $0.fd >= 0 }.map(\.fd)).sorted()
    return numbers.isEmpty
      ? "ring \(ring.id)" : "ring fd \(numbers.map(String.init).joined(separator: ", "))"
  }

  func name(_ identity: WaitableFile) -> String {
    switch identity {
    case .pipe(let inode): return "pipe:[\(inode)]"
    case .socket(let inode):
      let addresses = ledger.descriptors(of: identity).first?.addresses ?? ""
      return addresses.isEmpty ? "socket:[\(inode)]" : "socket:[\(inode)] (\(addresses))"
    case .eventfd:
      let all = ledger.descriptors(of: identity)
      guard let file = all.first(where: { $0.fd >= 0 }) else { return "a registered eventfd" }
      return "the eventfd with fd \(file.fd) in process \(file.tgid)"
    }
  }

  func words(_ request: Request) -> String {
    "\(request.opcode.name) 0x\(String(request.userData, radix: 16))"
  }

  /// Kind and number of a node: `thread 4711`.
  func label(_ node: WaitNode) -> String {
    switch node {
    case .thread(let tid): "thread \(tid)"
    case .ring(let id): "ring \(id)"
    case .request(let id): "request \(id)"
    case .file(.pipe(let inode), let direction): "pipe \(inode) \(Self.label(direction))"
    case .file(.socket(let inode), let direction): "socket \(inode) \(Self.label(direction))"
    case .file(.eventfd(let file), let direction):
      "eventfd 0x\(String(file, radix: 16)) \(Self.label(direction))"
    case .futex(let tgid, let address): "futex 0x\(String(address, radix: 16)) of \(tgid)"
    case .process(let tgid): "process \(tgid)"
    case .exit(let tgid): "exit of process \(tgid)"
    }
  }

  private static func label(_ direction: WaitDirection) -> String {
    direction == .reading ? "reading" : "writing"
  }

  /// The file of a descriptor in words: "an empty pipe (pipe:[7])".
  func description(of fd: Int32, in tgid: UInt32) -> String? {
    guard let (file, identity) = ledger.file(fd, of: tgid) else { return nil }
    guard let identity else { return file.ring.map { "ring \($0)" } ?? "a ring" }
    switch identity {
    case .pipe:
      let state =
        file.pending == 0
        ? "an empty pipe" : file.pending >= file.capacity ? "a full pipe" : "a pipe"
      return "\(state) (\(name(identity)))"
    case .socket: return name(identity)
    case .eventfd:
      return file.ring.map { "the eventfd that ring \($0) signals" } ?? name(identity)
    }
  }
}

extension Words {
  /// System calls whose timeout is not known.
  private static let sleepingCalls: Set<String> = [
    "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2",
  ]

  /// The state of a thread as a predicate: "is blocked in read() on fd 5, an empty pipe
  /// (pipe:[7])".
  static func activity(of thread: ThreadState, in graph: WaitGraph) -> String {
    switch thread.wait {
    case .runs: return "runs"
    case .ended: return "has exited"
    case .stopped: return "is stopped (state \(thread.state))"
    case .unknown, .timed, .reads, .writes, .cqes, .futex, .process: break
    }
    guard !thread.call.isEmpty else {
      return thread.state == "D" ? "sleeps uninterruptibly (state D)" : "sleeps"
    }
    // A thread can wake up from these calls after a while, and call them again.
    let verb = sleepingCalls.contains(thread.call) ? "sleeps" : "is blocked"
    var text = "\(verb) in \(thread.call)()"
    if let fd = thread.fd {
      text += " on fd \(fd)"
      if let file = graph.description(of: fd, in: thread.tgid) { text += ", \(file)" }
    }
    if case .futex(let address) = thread.wait { text += " at 0x\(String(address, radix: 16))" }
    if case .process(let child) = thread.wait { text += " until process \(child) exits" }
    if thread.wait == .timed { text += ", for a limited time" }
    if thread.state == "D" {
      text += ", uninterruptible (state D)"
      if !thread.function.isEmpty { text += " in \(thread.function)" }
    }
    return text
  }
}
