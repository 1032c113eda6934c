import UringTrace

/// The nodes that can end a wait for a file.
extension WaitGraph {
  func step(_ identity: WaitableFile, _ direction: WaitDirection) -> WaitStep {
    switch identity {
    case .pipe: pipeStep(identity, direction)
    case .socket: socketStep(identity, direction)
    case .eventfd: eventfdStep(identity, direction)
    }
  }

  private func pipeStep(_ identity: WaitableFile, _ direction: WaitDirection) -> WaitStep {
    let all = ledger.descriptors(of: identity)
    let ends = all.filter { direction == .reading ? $0.canWrite : $0.canRead }
    let (end, count) =
      direction == .reading ? ("write", all.first?.writers) : ("read", all.first?.readers)
    guard let first = all.first,
      direction == .reading ? first.pending == 0 : first.pending >= first.capacity
    else { return .open("\(name(identity)) is ready") }
    guard Set(ends.map(\.file)).count == Int(count ?? 0), !ends.isEmpty, ledger.isClosed(ends)
    else {
      return .open(
        "the \(end) end of \(name(identity)) is held by something that no descriptor shows")
    }
    let state = direction == .reading ? "is empty" : "is full"
    let readers = all.filter { direction == .reading ? $0.canRead : $0.canWrite }
    return holders(ends, of: identity, sharing: readers) { _, holder, isOnly in
      "\(name(identity)) \(state), and its \(isOnly ? "only " : "")\(end) end is \(holder)"
    }
  }

  private func socketStep(_ identity: WaitableFile, _ direction: WaitDirection) -> WaitStep {
    let own = ledger.descriptors(of: identity)
    guard let inode = own.first?.peerInode, inode != 0 else {
      return .open("the peer of \(name(identity)) is not on this machine, or not known")
    }
    let peer = WaitableFile.socket(inode: inode)
    let ends = ledger.descriptors(of: peer)
    guard !ends.isEmpty, ledger.isClosed(ends) else {
      return .open("the peer of \(name(identity)) is held by something that no descriptor shows")
    }
    if direction == .reading, own[0].pending > 0 || ends.contains(where: { $0.queued > 0 }) {
      return .open("\(name(identity)) is ready, or data is on the way to it")
    }
    if direction == .writing, ends[0].pending == 0 {
      return .open("the peer of \(name(identity)) has received everything")
    }
    let state = direction == .reading ? "has received nothing" : "is full"
    let near = Set(own.map(\.tgid))
    let far = ends.filter { !near.contains($0.tgid) }
    let others = Set(far.map(\.tgid)).sorted()
    func clause(_ tgid: UInt32, _ holder: String) -> String {
      let comm = snapshot.taskNames[tgid].map { " (\($0))" } ?? ""
      return "\(name(identity)) \(state), and "
        + (near.contains(tgid) ? "an end of it is \(holder)" : "its other end is \(holder)\(comm)")
    }
    // A shutdown at the waiting end would also end the wait.
    switch holders(
      ends + own, of: identity, sharing: own, { tgid, holder, _ in clause(tgid, holder) })
    {
    case .open(let reason):
      guard let tgid = others.first else { return .open(reason) }
      return .open(clause(tgid, Self.holder(far, tgid)) + "; " + reason)
    case .waits(let links):
      // Puts the processes at the other end first: they must read or write.
      let isOther = { (link: WaitStep.Link) in others.contains { .process($0) == link.node } }
      return .waits(links.filter(isOther) + links.filter { !isOther($0) })
    }
  }

  /// The wait of a zero-copy send for the acknowledgement of its data. Any process that holds the
  /// other end of the connection could end the wait by reading.
  func notificationStep(_ request: Request) -> WaitStep {
    let who = words(request)
    guard let socket = ledger.sender(of: request), let stream = socket.stream,
      stream.sendQueue > 0, stream.window == 0
    else { return .open("\(who) waits for the network stack to release its memory") }
    let peers = peers(of: socket)
    let ends = Set(peers.map(\.tgid)).sorted()
    guard !ends.isEmpty, peers.allSatisfy({ ($0.stream?.unread ?? 0) > 0 }), ledger.isClosed(peers)
    else { return .open("\(who) waits for the peer of \(socket.addresses) to read") }
    return .waits(
      ends.map {
        .init(
          node: .process($0),
          text: "\(who) waits for process \($0) to read from \(socket.addresses)")
      })
  }

  /// Descriptors of the other end of a socket, if that is on this machine.
  func peers(of socket: OpenFile) -> [OpenFile] {
    socket.peerInode == 0 ? [] : ledger.descriptors(of: .socket(inode: socket.peerInode))
  }

  /// True if another process was seen at the other end of the request's socket.
  func seesPeer(of request: Request) -> Bool {
    guard let (file, _) = ledger.file(of: request) else { return false }
    return peers(of: file).contains { $0.tgid != file.tgid }
  }

  private func eventfdStep(_ identity: WaitableFile, _ direction: WaitDirection) -> WaitStep {
    let all = ledger.descriptors(of: identity)
    guard direction == .reading, let first = all.first, first.pending == 0, ledger.isClosed(all),
      first.kernelUsers == 1
    else {
      return .open(
        "\(name(identity)) is ready, or can be signalled by the kernel, or by something that no descriptor shows"
      )
    }
    return holders(all, of: identity, sharing: all) { _, holder, isOnly in
      "\(name(identity)) has \(isOnly ? "one holder" : "as a holder") \(holder)"
    }
  }

  /// The wait for the processes that hold the other end of a file.
  ///
  /// - Parameter readers: descriptors of the waiting end. If one process holds both ends, its
  ///   signal handler can end the wait.
  private func holders(
    _ ends: [OpenFile], of identity: WaitableFile, sharing readers: [OpenFile],
    _ text: (_ tgid: UInt32, _ holder: String, _ isOnly: Bool) -> String
  ) -> WaitStep {
    let tgids = Set(ends.map(\.tgid)).sorted()
    let waiting = Set(readers.map(\.tgid))
    for tgid in tgids where waiting.contains(tgid) {
      if threads(of: tgid).first.map({ Signals($0.signals).wakeByHand }) ?? false {
        return .open(
          "process \(tgid) has signal handlers, which may read or write \(name(identity))")
      }
    }
    return .waits(
      tgids.map { tgid in
        .init(
          node: .process(tgid), text: text(tgid, Self.holder(ends, tgid), ends.count == 1))
      })
  }

  /// The descriptors and registered files of a process in words: "fd 5 of process 4711".
  private static func holder(_ ends: [OpenFile], _ tgid: UInt32) -> String {
    let own = ends.filter { $0.tgid == tgid }
    let numbers = Set(own.map(\.fd).filter { $0 >= 0 }).sorted()
    let slots = Set(own.compactMap(\.registeredIndex)).sorted()
    var names: [String] = []
    if !numbers.isEmpty { names.append("fd " + Words.list(numbers)) }
    if !slots.isEmpty { names.append("registered file " + Words.list(slots)) }
    return names.joined(separator: " and ") + " of process \(tgid)"
  }
}

extension Words {
  fileprivate static func list(_ numbers: [some BinaryInteger]) -> String {
    numbers.map { "\($0)" }.joined(separator: ", ")
  }
}

/// The signals that a process catches.
struct Signals {
  private let caught: UInt64

  init(_ caught: UInt64) { self.caught = caught }

  private static func mask(_ signals: [UInt64]) -> UInt64 {
    signals.reduce(0) { $0 | 1 << ($1 - 1) }
  }

  /// True if the process catches a signal that timers, children, I/O or other threads send by
  /// themselves: SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGURG, SIGVTALRM, SIGPROF, SIGIO or one from
  /// 34 on (32 and 33 are the C library's).
  var wakeAtAnyTime: Bool {
    caught & (Self.mask([10, 12, 14, 17, 23, 26, 27, 29]) | ~0 << 33) != 0
  }

  /// True if the process catches a signal that people or service managers send: SIGHUP, SIGINT,
  /// SIGQUIT, SIGTERM, SIGCONT, SIGTSTP, SIGWINCH, SIGPWR.
  var wakeByHand: Bool { caught & Self.mask([1, 2, 3, 15, 18, 20, 28, 30]) != 0 }
}
