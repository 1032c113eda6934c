import UringTrace

/// The graph of waits, built from the last look at waits (a collection of what threads, files and
/// requests wait for). Each node links to the nodes that could end its wait.
///
/// A node's wait ends if any of the linked nodes acts. A node is open if something outside the
/// graph could end its wait, or if too little is known about the node. If a node cannot reach an
/// open node through links, its wait never ends.
struct WaitGraph {
  let snapshot: Snapshot
  let ledger: FileLedger
  private var threads: [UInt32: ThreadState] = [:]
  private var members: [UInt32: [ThreadState]] = [:]
  private var rings: [Ring.ID: Ring] = [:]
  /// Position of each request in ``Snapshot/requests``.
  private var positions: [Request.ID: Int] = [:]
  private var requestsOfRing: [Ring.ID: [Request.ID]] = [:]
  /// Rings on which a request has ended since the look at waits: a thread that waited on such a
  /// ring may have been woken.
  private var movedRings: Set<Ring.ID> = []

  /// Builds the graph; nil without a recent look at waits.
  init?(_ snapshot: Snapshot) {
    let facts = snapshot.waits
    guard facts.time != 0, snapshot.time.since(facts.time) < Self.lifetime else { return nil }
    self.snapshot = snapshot
    ledger = FileLedger(facts, requests: snapshot.requests)
    for thread in facts.threads {
      threads[thread.tid] = thread
      members[thread.tgid, default: []].append(thread)
    }
    // Rings that the look at waits did not cover, and rings with requests that are not known, count
    // as open.
    let rings = Set(facts.files.filter { $0.kind == .ring }.compactMap(\.ring))
    for ring in snapshot.rings
    where !ring.isClosed && rings.contains(ring.id) && snapshot.knowsInFlight(on: ring) {
      self.rings[ring.id] = ring
    }
    // The ended requests are newest first.
    for request in snapshot.recent {
      guard request.lastTime > facts.time else { break }
      movedRings.insert(request.ring)
    }
    for position in snapshot.requests.indices {
      let ring = snapshot.requests.ring(at: position)
      guard rings.contains(ring) else { continue }
      let id = snapshot.requests.id(at: position)
      positions[id] = position
      requestsOfRing[ring, default: []].append(id)
    }
  }

  /// Age in nanoseconds at which a look at waits is no longer used. The probe repeats the look
  /// every four seconds while nothing happens on a ring.
  private static let lifetime: UInt64 = 12_000_000_000
  /// Nanoseconds for which a thread must have slept before the look at waits. A thread that ran
  /// more recently may be about to wait for something else.
  private static let patience: UInt64 = 1_000_000_000

  var facts: WaitFacts { snapshot.waits }

  func thread(_ tid: UInt32) -> ThreadState? { threads[tid] }
  func ring(_ id: Ring.ID) -> Ring? { rings[id] }
  func request(_ id: Request.ID) -> Request? { positions[id].map { snapshot.requests[$0] } }

  /// The threads of a process that have not exited, without io_uring's workers and SQ threads.
  func threads(of tgid: UInt32) -> [ThreadState] {
    (members[tgid] ?? []).filter { !$0.isWorker && $0.wait != .ended }
  }

  func step(_ node: WaitNode) -> WaitStep {
    switch node {
    case .thread(let tid): threads[tid].map(step) ?? .open("thread \(tid) was not looked at")
    case .ring(let id): rings[id].map(step) ?? .open("ring \(id) is not in view")
    case .request(let id): request(id).map(step) ?? .open("request \(id) has ended")
    case .file(let file, let direction): step(file, direction)
    case .futex(let tgid, let address): futexStep(tgid, address)
    case .process(let tgid): processStep(tgid, "could do so")
    case .exit(let tgid): processStep(tgid, "has not exited")
    }
  }

  // MARK: Threads and processes

  private func step(_ thread: ThreadState) -> WaitStep {
    let who = name(thread)
    guard thread.since != 0, facts.time.since(thread.since) >= Self.patience else {
      return .open("\(who) \(Words.activity(of: thread, in: self))")
    }
    switch thread.wait {
    case .cqes(let id?):
      guard let ring = rings[id] else { return .open("the requests of ring \(id) are not known") }
      guard ring.lastWaitTime < facts.time else { return .open("\(who) has run since") }
      return .waits([
        .init(
          node: .ring(id), text: "\(who) waits in io_uring_enter on \(name(ring, in: thread.tgid))")
      ])
    case .reads, .writes:
      guard let fd = thread.fd, let identity = ledger.file(fd, of: thread.tgid)?.identity else {
        return .open("\(who) \(Words.activity(of: thread, in: self))")
      }
      let direction: WaitDirection = thread.wait == .reads ? .reading : .writing
      return .waits([
        .init(
          node: .file(identity, direction),
          text: "\(who) is blocked in \(thread.call)() on fd \(fd), \(name(identity))")
      ])
    case .futex(let address):
      return .waits([
        .init(
          node: .futex(tgid: thread.tgid, address: address),
          text: "\(who) is blocked in futex() at 0x\(String(address, radix: 16))")
      ])
    case .process(let child):
      return .waits([
        .init(
          node: .exit(child), text: "\(who) waits in \(thread.call)() for process \(child) to exit")
      ])
    case .unknown, .runs, .timed, .stopped, .ended, .cqes:
      return .open("\(who) \(Words.activity(of: thread, in: self))")
    }
  }

  private func processStep(_ tgid: UInt32, _ what: String) -> WaitStep {
    let threads = threads(of: tgid)
    guard !threads.isEmpty else { return .open("process \(tgid) was not looked at") }
    if Signals(threads[0].signals).wakeAtAnyTime {
      return .open("process \(tgid) has handlers for signals that can arrive at any time")
    }
    let held = snapshot.rings.filter { ring in
      !ring.isClosed && (ring.inFlight > 0 || !snapshot.knowsInFlight(on: ring))
        && (ring.ownerTgid == tgid || ring.descriptors.contains { $0.tgid == tgid })
    }
    if let unknown = held.first(where: { rings[$0.id] == nil }) {
      return .open("the requests of ring \(unknown.id) of process \(tgid) are not known")
    }
    let only =
      threads.count == 1
      ? "the only thread of process \(tgid) is" : "process \(tgid) has thread"
    let waitedFor = Set(threads.map(\.wait))
    // Requests in flight can also act for the process: a linked request runs without any thread of
    // the process.
    let others = held.filter { !waitedFor.contains(.cqes($0.id)) }
    return .waits(
      threads.map { .init(node: .thread($0.tid), text: "\(only) \($0.tid)") }
        + others.map {
          .init(node: .ring($0.id), text: "process \(tgid) has requests in flight on ring \($0.id)")
        })
  }

  private func futexStep(_ tgid: UInt32, _ address: UInt64) -> WaitStep {
    let place = "the futex at 0x\(String(address, radix: 16))"
    guard let word = facts.futexes.first(where: { $0.tgid == tgid && $0.address == address }),
      word.isPrivate
    else { return .open("\(place) may be woken by other processes") }
    let holder = word.owner == 0 ? "" : ", a mutex that thread \(word.owner) holds"
    return .waits([
      .init(
        node: .process(tgid),
        text: "\(place)\(holder) can be woken by threads of process \(tgid) only")
    ])
  }

  // MARK: Rings and requests

  /// True if a request of the ring has ended since the look at waits.
  func hasMoved(_ ring: Ring) -> Bool { movedRings.contains(ring.id) }

  private func step(_ ring: Ring) -> WaitStep {
    let name = "ring \(ring.id)"
    guard !hasMoved(ring) else { return .open("a request of \(name) has ended since") }
    if ring.isFound {
      guard let balance = ring.balance, balance.method != .unknown, balance.unaccounted == 0 else {
        return .open("\(name) has requests that are not listed")
      }
    }
    guard !ring.setupFlags.contains(.sqPoll) || ring.sqPending == 0 else {
      return .open("the SQ thread of \(name) has SQEs to submit")
    }
    guard ring.files.allSatisfy({ $0.tag == 0 }) else {
      return .open("\(name) has tagged files, whose release posts a CQE")
    }
    let holders = Set(ring.descriptors.map(\.tgid) + [ring.ownerTgid]).subtracting([0])
    guard !holders.isEmpty else { return .open("\(name) has no known holder") }
    let inFlight = requestsOfRing[ring.id] ?? []
    guard inFlight.count <= Deadlock.limit else {
      return .open("\(name) has \(inFlight.count) requests in flight, too many to follow")
    }
    var links = inFlight.compactMap(request).map {
      WaitStep.Link(node: .request($0.id), text: "\(words($0)) is in flight on it")
    }
    let nothing = inFlight.isEmpty ? "no request is in flight on it, and " : ""
    for holder in holders.sorted() {
      let also = holders.count == 1 ? "only process \(holder)" : "process \(holder)"
      links.append(
        .init(
          node: .process(holder),
          text: "\(nothing)\(also) has it open and could submit, or send a message (MSG_RING)"))
    }
    return .waits(links)
  }

  private func step(_ request: Request) -> WaitStep {
    let who = words(request)
    guard request.lastTime <= facts.time else { return .open("\(who) has moved since") }
    guard !request.isSuspect else { return .open("\(who) may have ended") }
    if request.state == .awaitingNotification { return notificationStep(request) }
    switch request.place {
    case .linked: return chainStep(request)
    case .deferred: return drainStep(request)
    case .futex where request.opcode != .futexWaitV && request.sqe.addr != 0:
      return .waits([
        .init(
          node: .futex(tgid: request.submitterTgid, address: request.sqe.addr),
          text: "\(who) waits for the futex at 0x\(String(request.sqe.addr, radix: 16))")
      ])
    case .waitid where request.knows(.len) && request.sqe.len == 1 && request.sqe.fd > 0:
      let child = UInt32(request.sqe.fd)
      return .waits([
        .init(node: .exit(child), text: "\(who) waits for process \(child) to exit")
      ])
    case .poll: return pollStep(request)
    case .block: return blockStep(request)
    case .workerRunning: return workerStep(request)
    default:
      return .open(
        snapshot.cause(of: request).map { "\(who) waits for \($0.text)" } ?? "\(who) is in flight")
    }
  }

  private func chainStep(_ request: Request) -> WaitStep {
    guard let chain = snapshot.chains.first(where: { $0.id == request.chain }),
      let head = chain.members.first(where: { !$0.state.isFinal }), head.request != request.id
    else { return .open("\(words(request)) waits for its chain") }
    return .waits([
      .init(
        node: .request(head.request),
        text: "\(words(request)) waits for \(head.opcode.name), which is before it in its chain")
    ])
  }

  /// The wait of a request that a drain (IOSQE_IO_DRAIN) holds back. The drain then also holds back
  /// all later requests of the ring. So a request that is not held back is an earlier one, and the
  /// drain waits for it.
  private func drainStep(_ request: Request) -> WaitStep {
    let earlier = (requestsOfRing[request.ring] ?? []).lazy.compactMap { self.request($0) }
      .first { $0.place != .deferred && $0.place != .linked }
    guard let earlier else { return .open("\(words(request)) is held back (IOSQE_IO_DRAIN)") }
    return .waits([
      .init(
        node: .request(earlier.id),
        text: "\(words(request)) is held back (IOSQE_IO_DRAIN) until \(words(earlier)) has ended")
    ])
  }

  private func pollStep(_ request: Request) -> WaitStep {
    let who = words(request)
    let (input, output): (UInt32, UInt32) = (0x1 | 0x40, 0x4 | 0x100)
    guard let (_, identity) = ledger.file(of: request) else {
      return .open(snapshot.cause(of: request).map { "\(who) waits for \($0.text)" } ?? who)
    }
    if let state = snapshot.fileStates[request.id], state.pollEvents & request.pollEvents != 0 {
      return .open("\(who) is ready")
    }
    var links: [WaitStep.Link] = []
    if request.pollEvents & input != 0 {
      links.append(
        .init(node: .file(identity, .reading), text: "\(who) waits for data in \(name(identity))"))
    }
    if request.pollEvents & output != 0 {
      links.append(
        .init(node: .file(identity, .writing), text: "\(who) waits for room in \(name(identity))"))
    }
    return links.isEmpty ? .open("\(who) waits for its file") : .waits(links)
  }
}
