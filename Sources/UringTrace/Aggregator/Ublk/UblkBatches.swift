/// Servers of ublk devices with UBLK_F_BATCH_IO, by their rings: one multishot command delivers the I/Os of a queue. Which
/// I/Os its CQEs deliver is in the server's memory.
struct UblkBatches {
  private struct Fetch {
    /// Nil of a command that was found in flight.
    var queue: UInt16?
    var leader: RequestGroup.Leader
    /// Tags that it delivered, as far as that is certain. Nil: it delivers all, as the queue's first command.
    var tags: [UInt16]?
  }

  private struct Server {
    var ring: Handle<RingState>
    /// UBLK_F_AUTO_BUF_REG.
    var isAutomatic = false
    /// It has registered a buffer by a command of its own.
    var registers = false
    var fetches: [Fetch] = []
  }

  private var servers: [Server] = []
  /// More rings, or queues of one ring, than servers have.
  private static var limit: Int { 1_024 }

  /// A FETCH_IO_CMDS is submitted.
  ///
  /// - Parameter queue: nil if it was found in flight.
  mutating func fetch(
    _ leader: RequestGroup.Leader, of queue: UInt16?, on ring: Handle<RingState>
  ) {
    let server = position(of: ring)
    let index = servers[server].fetches.firstIndex {
      $0.queue == queue || $0.queue == nil || queue == nil
    }
    // What a command before it delivered can be used after the submission of this one.
    let isFirst = queue != nil && index == nil
    let fetch = Fetch(queue: queue, leader: leader, tags: isFirst ? nil : [])
    if let index {
      if servers[server].fetches[index].leader.request != leader.request {
        servers[server].fetches[index] = fetch
      }
    } else if servers[server].fetches.count < Self.limit {
      servers[server].fetches.append(fetch)
    }
  }

  private mutating func position(of ring: Handle<RingState>) -> Int {
    if let known = servers.firstIndex(where: { $0.ring == ring }) { return known }
    if servers.count >= Self.limit { servers = [] }
    servers.append(Server(ring: ring))
    return servers.count - 1
  }

  /// The server's command to register a buffer is submitted.
  mutating func noteRegistration(on ring: Handle<RingState>) {
    guard let server = servers.firstIndex(where: { $0.ring == ring }) else { return }
    servers[server].registers = true
  }

  /// One of its commands has completed.
  mutating func noteDevice(isAutomatic: Bool, on ring: Handle<RingState>) {
    servers[position(of: ring)].isAutomatic = isAutomatic
  }

  /// The command that delivered the I/O of a queue's tag whose buffer is used for the first time; one of which nothing is
  /// known if several come into question. Nil if its buffer may have been registered otherwise.
  mutating func leader(
    queue: UInt16, tag: UInt16, on ring: Handle<RingState>
  ) -> RequestGroup.Leader? {
    guard let server = servers.firstIndex(where: { $0.ring == ring }),
      servers[server].isAutomatic, !servers[server].registers
    else { return nil }
    let fetches = servers[server].fetches
    guard let index = fetches.firstIndex(where: { $0.queue == nil || $0.queue == queue }) else {
      return RequestGroup.Leader()
    }
    let fetch = fetches[index]
    guard let tags = fetch.tags else { return fetch.leader }
    // A tag comes again when its I/O is committed, which was after the submission.
    if tags.contains(tag) { return fetch.leader }
    servers[server].fetches[index].tags?.append(tag)
    return RequestGroup.Leader()
  }

  mutating func forget(_ ring: Handle<RingState>) {
    servers.removeAll { $0.ring == ring }
  }
}
