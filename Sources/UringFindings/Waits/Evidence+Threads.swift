import UringTrace

/// The threads that serve a ring, and where they are blocked.
extension Evidence {
  /// A thread that is assumed to serve a ring, and the reason.
  struct Server {
    var thread: ThreadState
    /// The reason for the assumption, as a phrase: "which last waited for CQEs", "the only one of
    /// its process".
    var role: String
  }

  /// The thread that takes completions of a ring, as far as is known.
  func reaper(of ring: Ring) -> Server? {
    guard let waits else { return nil }
    if ring.eventfd != .none,
      let thread = waits.facts.threads.first(where: { waits.sleeps($0, onEventfdOf: ring.id) })
    {
      return Server(thread: thread, role: "which waits for the ring's eventfd")
    }
    if ring.lastWaitTid != 0, let thread = waits.thread(ring.lastWaitTid) {
      return Server(thread: thread, role: "which last waited for CQEs")
    }
    return only(of: ring, waits) ?? lastSubmitter(to: ring)
  }

  /// The thread that last submitted to a ring, as far as is known.
  func submitter(to ring: Ring) -> Server? {
    guard let waits else { return nil }
    return lastSubmitter(to: ring) ?? only(of: ring, waits)
  }

  /// A thread that is blocked in io_uring_enter without waiting for completions: its submission to
  /// the ring has not returned.
  func blockedSubmitter(to ring: Ring) -> Server? {
    guard let waits else { return nil }
    let thread = holders(of: ring).flatMap { waits.threads(of: $0) }.first { thread in
      thread.call == "io_uring_enter" && thread.wait == .unknown && isBlocked(thread)
        && thread.fd.map { fd in
          ring.descriptors.contains { $0.tgid == thread.tgid && $0.fd == fd }
        } ?? true
    }
    return thread.map { Server(thread: $0, role: "which submits") }
  }

  private func holders(of ring: Ring) -> Set<UInt32> {
    Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
  }

  private func only(of ring: Ring, _ waits: WaitGraph) -> Server? {
    let threads = holders(of: ring).flatMap { waits.threads(of: $0) }
    return threads.count == 1
      ? Server(thread: threads[0], role: "the only one of its process") : nil
  }

  private func lastSubmitter(to ring: Ring) -> Server? {
    var last: (time: UInt64, tid: UInt32) = (0, 0)
    for request in inFlight(on: ring.id)
    where request.isSQEKnown && !request.isSubmittedBySQThread && request.startTime > last.time {
      last = (request.startTime, request.submitterTid)
    }
    forEachEnded(on: ring.id, within: .history) { request in
      if request.isSQEKnown, !request.isSubmittedBySQThread, request.startTime > last.time {
        last = (request.startTime, request.submitterTid)
      }
    }
    return waits?.thread(last.tid).map { Server(thread: $0, role: "which last submitted") }
  }

  /// A clause about a server that has been blocked for a while: "; thread 4711 (server), which last
  /// waited for CQEs, is blocked in read() on fd 5, an empty pipe (pipe:[7])". Empty if the server
  /// is not blocked.
  func clause(_ server: Server?) -> String {
    guard let server, let waits, isBlocked(server.thread) else { return "" }
    return "; \(waits.name(server.thread)), \(server.role), "
      + Words.activity(of: server.thread, in: waits)
  }

  /// The cure for a server that is blocked outside its ring; nil if there is no specific cure.
  func cure(_ server: Server?) -> String? {
    guard let thread = server?.thread, isBlocked(thread) else { return nil }
    switch thread.wait {
    case .reads, .writes:
      let (opcodes, flag) =
        thread.wait == .reads
        ? ("IORING_OP_READ or RECV", "readable") : ("IORING_OP_WRITE or SEND", "writable")
      return
        "Let the ring do it (\(opcodes)), or make the file non-blocking (O_NONBLOCK) and use it when a "
        + "POLL_ADD shows that it is \(flag): a thread that serves a ring must not block elsewhere."
    case .stopped: return "Continue the thread (SIGCONT), or detach the debugger."
    default: return nil
    }
  }

  private func isBlocked(_ thread: ThreadState) -> Bool {
    guard let waits else { return false }
    switch thread.wait {
    case .runs, .ended: return false
    case .stopped: return true
    default: return thread.since != 0 && waits.facts.time.since(thread.since) >= 1_000_000_000
    }
  }

  /// A clause about a process whose threads are all stopped: "process 4711 is stopped (state T)".
  /// Nil if not all are stopped.
  func stopped(of tgid: UInt32) -> String? {
    guard let waits else { return nil }
    let threads = waits.threads(of: tgid)
    guard let first = threads.first, threads.allSatisfy({ $0.wait == .stopped }) else { return nil }
    return "process \(tgid) is stopped (state \(first.state))"
  }
}

extension WaitGraph {
  /// True if the thread reads the eventfd that a ring signals, and the eventfd's count is 0.
  func sleeps(_ thread: ThreadState, onEventfdOf ring: Ring.ID) -> Bool {
    guard thread.wait == .reads, let fd = thread.fd,
      let (file, _) = ledger.file(fd, of: thread.tgid)
    else { return false }
    return file.kind == .eventfd && file.ring == ring && file.pending == 0
  }
}
