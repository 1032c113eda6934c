/// Servers of ublk devices with UBLK_F_BATCH_IO, by ring. One multishot command (FETCH_IO_CMDS)
/// delivers all I/Os of a queue. Its CQEs do not contain the tags of the I/Os: these are in the
/// server's memory.
struct UblkBatches {
  private struct Fetch {
    /// The command's queue. Nil if an inventory walk (BPF iterator) found the command in flight:
    /// the queue is then unknown.
    var queue: UInt16?
    var leader: RequestGroup.Leader
    /// Tags whose buffers were used since the submission of this command. The next I/O with such a
    /// tag is certain to be delivered by this command. Nil for a queue's first command, which
    /// delivers all I/Os of the queue.
    var tags: [UInt16]?
  }

  private struct Server {
    var ring: Handle<RingState>
    /// True if the device has UBLK_F_AUTO_BUF_REG.
    var isAutomatic = false
    /// True if the server has submitted a command to register a buffer. A buffer of the server may
    /// then not have been registered automatically.
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
    // A queue's first command delivers all I/Os of the queue. After the submission of a later
    // command, requests can still use buffers that an earlier command delivered.
    let isFirst = queue != nil && !known.contains { $0.queue == queue || $0.queue == nil }
    if queue != nil { servers[server].fetches.removeAll { $0.queue == queue } }
    guard servers[server].fetches.count < Self.limit else { return }
    servers[server].fetches.append(
      Fetch(queue: queue, leader: leader, tags: isFirst ? nil : []))
  }

  /// Forgets a command that was found in flight, now that it has ended. Its queue is unknown; the
  /// next command of the queue names the queue.
  mutating func ended(_ request: Request.ID, on ring: Handle<RingState>) {
    guard let server = index(of: ring) else { return }
    servers[server].fetches.removeAll { $0.queue == nil && $0.leader.request == request }
  }

  private func index(of ring: Handle<RingState>) -> Int? {
    servers.firstIndex { $0.ring == ring }
  }

  /// Returns the index of a ring's server. Adds the server if it is new.
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

  /// Notes whether the device registers buffers automatically. Called when one of the server's
  /// commands has completed.
  mutating func noteDevice(isAutomatic: Bool, on ring: Handle<RingState>) {
    servers[position(of: ring)].isAutomatic = isAutomatic
  }

  /// Returns the command that delivered the I/O with this queue and tag. Called when the I/O's
  /// buffer is used for the first time. Returns an empty leader if several commands may have
  /// delivered the I/O, and nil if the buffer may not have been registered automatically.
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
    // The tag is used for the second time since this command's submission. A tag is reused only
    // after its I/O was committed, so this command delivered the present I/O.
    if tags.contains(tag) { return fetch.leader }
    servers[server].fetches[index].tags?.append(tag)
    return RequestGroup.Leader()
  }

  mutating func forget(_ ring: Handle<RingState>) {
    servers.removeAll { $0.ring == ring }
  }
}
