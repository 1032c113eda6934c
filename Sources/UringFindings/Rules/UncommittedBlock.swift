import UringTrace

extension FindingRule {
  static let uncommittedBlock = FindingRule(
    "uncommitted-block", .condition(),
    meaning: "A ublk server has received block requests and has not committed them: users of the "
      + "device wait for the server.",
    cure:
      "Find where the server loses this queue and tag, or what it waits for; every request that "
      + "a fetch delivers needs its UBLK_U_IO_COMMIT_AND_FETCH_REQ."
  ) { evidence in
    var late: [String: [LateBlock]] = [:]
    var services: [UInt32: UblkService] = [:]
    for disk in evidence.snapshot.diskRequests where disk.isWithServer {
      let start = disk.driverTime == 0 ? disk.startTime : disk.driverTime
      guard start != 0, evidence.age(since: start) >= patience else { continue }
      // The block request may have ended since it was found, unless an io_uring request still waits
      // for it.
      let waiting = evidence.waiting(disk)
      if disk.request != nil, waiting == nil { continue }
      let now = waiting == nil ? disk.time : evidence.snapshot.time
      guard now.since(start) >= patience else { continue }
      let service = services[disk.serverTgid] ?? UblkService(of: disk.serverTgid, evidence)
      services[disk.serverTgid] = service
      let slot = UblkSlot(queue: disk.block.queue, tag: disk.block.tag)
      guard !service.wasCommitted(slot, since: disk.time),
        waiting != nil || service.lastBatchTime < disk.time,
        now.since(start) / 10 >= service.longest
      else { continue }
      late[disk.block.device, default: []].append(
        LateBlock(disk: disk, age: now.since(start), handedOut: service.handedOut[slot]))
    }
    return late.sorted { $0.key < $1.key }.compactMap { _, blocks in
      let blocks = blocks.sorted { $0.age > $1.age }
      guard let first = blocks.first, let service = services[first.disk.serverTgid] else {
        return nil
      }
      let waiting = blocks.compactMap { evidence.waiting($0.disk) }
      let rings = Set(waiting.map(\.ring)).union(service.rings)
      guard !rings.isEmpty else { return nil }
      return Sighting(
        severity: .warn, rings: rings.sorted(),
        requests: waiting.map(\.id) + blocks.compactMap(\.handedOut),
        summary: summary(first, waiting.first, others: blocks.count - 1, evidence),
        numbers: [
          .init("age_ns", first.age), .init("uncommitted", blocks.count),
          .init("queue", first.disk.block.queue), .init("tag", first.disk.block.tag),
          .init("longest_before_ns", service.longest), .init("committed_before", service.count),
        ],
        cure: rings.contains(where: evidence.deliversBatches)
          ? "Find where the server loses this queue and tag, or what it waits for; every tag that "
            + "UBLK_U_IO_FETCH_IO_CMDS delivers needs its element in a UBLK_U_IO_COMMIT_IO_CMDS."
          : nil)
    }
  }

  /// Nanoseconds within which most servers commit. A slower server is recognised by its history.
  private static let patience: UInt64 = 3_000_000_000

  private static func summary(
    _ block: LateBlock, _ waiting: Request?, others: Int, _ evidence: Evidence
  ) -> String {
    let disk = block.disk
    let ring = evidence.rings.first { $0.ownerTgid == disk.serverTgid && !$0.comm.isEmpty }
    let name = ring.map { "\($0.comm)/" } ?? "process "
    let server = disk.serverTgid == 0 ? "its server" : "its server \(name)\(disk.serverTgid)"
    var text = "\(disk.block.device) queue \(disk.block.queue) tag \(disk.block.tag): "
    text += "\(disk.operationText) has been with \(server) for \(Words.duration(block.age))"
    text += " and is not committed"
    if let stopped = evidence.stopped(of: disk.serverTgid) { text += "; \(stopped)" }
    if let waiting { text += "; \(evidence.words(waiting)) waits for it" }
    if others > 0 { text += "; and \(others) more" }
    return text
  }
}

/// A block request that its server has held for a long time.
private struct LateBlock {
  var disk: DiskRequest
  var age: UInt64
  /// The command whose completion handed the block request to the server, if that was seen.
  var handedOut: Request.ID?
}

/// Statistics of a ublk server's observed commands: how long it held block requests before it
/// committed them.
private struct UblkService {
  private var commits: [UblkSlot: UInt64] = [:]
  /// The last command of each slot (queue and tag), if it has completed: its completion handed a
  /// block request to the server.
  private(set) var handedOut: [UblkSlot: Request.ID] = [:]
  /// Longest time, in nanoseconds, that the server held a block request before it committed it.
  private(set) var longest: UInt64 = 0
  /// Number of block requests that were handed to the server and that it committed.
  private(set) var count: UInt64 = 0
  /// Rings with ublk commands in flight, or with ended ublk commands that are still known.
  private(set) var rings: Set<Ring.ID> = []
  /// Time of the last submission of a batch command (UBLK_F_BATCH_IO), which can have committed any
  /// block request; 0 if there is none.
  private(set) var lastBatchTime: UInt64 = 0

  /// - Parameter tgid: the server's process. 0 if it is not known; then commands of all servers
  ///   count.
  init(of tgid: UInt32, _ evidence: Evidence) {
    var commands: [Command] = []
    for ring in evidence.openRings where tgid == 0 || ring.ownerTgid == tgid {
      let before = commands.count
      var batchTime: UInt64 = 0
      func note(_ request: borrowing Request) {
        if let command = Command(request) { commands.append(command) }
        if request.ublkRole == .batch { batchTime = max(batchTime, request.startTime) }
      }
      evidence.forEachEnded(on: ring.id, within: .history) { note($0) }
      for request in evidence.inFlight(on: ring.id) { note(request) }
      lastBatchTime = max(lastBatchTime, batchTime)
      if commands.count > before || evidence.serves(ring.id) { rings.insert(ring.id) }
    }
    commands.sort { $0.start < $1.start }
    var last: [Command.Key: Command] = [:]
    for command in commands {
      if command.isCommit {
        commits[command.key.slot] = command.start
        if let before = last[command.key], before.end != 0 {
          longest = max(longest, command.start.since(before.end))
          count += 1
        }
      }
      last[command.key] = command
    }
    for (key, command) in last where command.end != 0 { handedOut[key.slot] = command.request }
  }

  /// True if the server has committed this queue and tag since a time. Does not distinguish several
  /// devices of one server: a missing finding is better than a wrong one.
  func wasCommitted(_ slot: UblkSlot, since time: UInt64) -> Bool {
    commits[slot].map { $0 >= time } ?? false
  }

  /// A fetch command, or a commit-and-fetch command.
  private struct Command {
    struct Key: Hashable {
      var ring: Ring.ID
      var fd: Int32
      var slot: UblkSlot
    }

    var key: Key
    var request: Request.ID
    var start: UInt64
    /// Time at which the command handed a block request to the server; 0 if it has not.
    var end: UInt64
    var isCommit: Bool

    init?(_ request: borrowing Request) {
      guard request.isSQEKnown, let role = request.ublkRole,
        role == .deliver || role == .commitAndDeliver
      else { return nil }
      key = Key(
        ring: request.ring, fd: request.sqe.fd, slot: UblkSlot(command: request.sqe))
      self.request = request.id
      start = request.startTime
      end = 0
      if request.hasResult, request.result == 0 { end = request.lastTime }
      isCommit = role == .commitAndDeliver
    }
  }
}

extension Evidence {
  /// The io_uring request that a block request serves; nil if there is none in flight.
  fileprivate func waiting(_ disk: DiskRequest) -> Request? {
    disk.request.flatMap(request).flatMap { $0.state.isFinal ? nil : $0 }
  }

  /// True if the server on this ring uses UBLK_F_BATCH_IO.
  fileprivate func deliversBatches(on ring: Ring.ID) -> Bool {
    inFlight(on: ring).contains { $0.ublkRole == .deliverBatch }
  }

  /// True if a ublk command waits on the ring.
  fileprivate func serves(_ ring: Ring.ID) -> Bool {
    inFlight(on: ring).contains { snapshot.ublkSlots[$0.id] != nil || $0.ublkRole == .deliverBatch }
  }
}

extension Request {
  /// The role of the request's ublk command; nil if it has none, or if it is not known.
  fileprivate var ublkRole: GroupProviderTraits.CommandRole? {
    self.driverCommand.flatMap { GroupProviderTraits.command($0)?.command.role }
  }
}
