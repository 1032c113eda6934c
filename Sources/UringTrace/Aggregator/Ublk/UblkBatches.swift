/// Servers of ublk devices with UBLK_F_BATCH_IO, by ring. One multishot command delivers the I/Os of a queue; the
/// server's memory records which I/Os its CQEs deliver.
struct UblkBatches {
  private struct Fetch {
    /// The command's queue; nil if the command was found in flight.
    var queue: UInt16?
    var leader: RequestGroup.Leader
    /// Tags that the command is certain to have delivered. Nil for a queue's first command, which delivers all.
    var tags: [UInt16]?
  }

  private struct Server {
    var ring: Handle<RingState>
    /// UBLK_F_AUTO_BUF_REG.
    var isAutomatic = false
    /// True if the server registered a buffer by a command.
    var registers = false
    var fetches: [Fetch] = []
  }

  private var servers: [Server] = []
  /// Maximum number of rings, and of queues per ring: more than servers have.
  private static var limit: Int { 1_024 }

  /// Handles the submission of a FETCH_IO_CMDS.
  ///
  /// - Parameter queue: the queue; nil if the command was found in flight.
  mutating func fetch(
    _ leader: RequestGroup.Leader, of queue: UInt16?, on ring: Handle<RingState>
  ) {
    let server = position(of: ring)
    let known = servers[server].fetches
    guard !known.contains(where: { $0.leader.request == leader.request }) else { return }
    // Buffers that an earlier command delivered can be used after this command's submission.
    let isFirst = queue != nil && !known.contains { $0.queue == queue || $0.queue == nil }
    if queue != nil { servers[server].fetches.removeAll { $0.queue == queue } }
    guard servers[server].fetches.count < Self.limit else { return }
    servers[server].fetches.append(
      Fetch(queue: queue, leader: leader, tags: isFirst ? nil : []))
  }

  /// Forgets a command that was found in flight and has ended: the next command of its queue names the queue.
  mutating func ended(_ request: Request.ID, on ring: Handle<RingState>) {
    guard let server = index(of: ring) else { return }
    servers[server].fetches.removeAll { $0.queue == nil && $0.leader.request == request }
  }

  private func index(of ring: Handle<RingState>) -> Int? {
    servers.firstIndex { $0.ring == ring }
  }

  /// The index of a ring's server, which is added if it is new.
  private mutating func position(of ring: Handle<RingState>) -> Int {
    if let known = index(of: ring) { return known }
    if servers.count >= Self.limit { servers = [] }
    servers.append(Server(ring: ring))
    return servers.count - 1
  }

  /// Notes that the server submitted a command to register a buffer.
  mutating func noteRegistration(on ring: Handle<RingState>) {
    guard let server = index(of: ring) else { return }
    servers[server].registers = true
  }

  /// Notes the device's mode, when one of the server's commands has completed.
  mutating func noteDevice(isAutomatic: Bool, on ring: Handle<RingState>) {
    servers[position(of: ring)].isAutomatic = isAutomatic
  }

  /// The command that delivered the I/O of a queue's tag whose buffer is first used now. An unknown leader if
  /// several commands may have; nil if the buffer may have been registered otherwise.
  mutating func leader(
    queue: UInt16, tag: UInt16, on ring: Handle<RingState>
  ) -> RequestGroup.Leader? {
    guard let server = index(of: ring),
      servers[server].isAutomatic, !servers[server].registers
    else { return nil }
    let fetches = servers[server].fetches
    let candidates = fetches.indices.filter {
      fetches[$0].queue == nil || fetches[$0].queue == queue
    }
    guard candidates.count == 1, let index = candidates.first else { return RequestGroup.Leader() }
    let fetch = fetches[index]
    guard let tags = fetch.tags else { return fetch.leader }
    // A tag is reused once its I/O is committed, which happened after the command's submission.
    if tags.contains(tag) { return fetch.leader }
    servers[server].fetches[index].tags?.append(tag)
    return RequestGroup.Leader()
  }

  mutating func forget(_ ring: Handle<RingState>) {
    servers.removeAll { $0.ring == ring }
  }
}
