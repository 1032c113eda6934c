import UringTrace

extension FindingRule {
  static let zeroCopyUnread = FindingRule(
    "zero-copy-unread", .condition(lasting: patience),
    meaning:
      "A zero-copy send has posted its result, and its notification (IORING_CQE_F_NOTIF) follows when the peer "
      + "has acknowledged all of the data. If the peer does not read, some data is not acknowledged, and the send's "
      + "memory stays in use.",
    cure:
      "Send from other buffers meanwhile. The peer must read; if it does not, bound the wait by shutting the "
      + "connection down (shutdown, or closing it)."
  ) { evidence in
    guard let waits = evidence.waits else { return [] }
    return evidence.openRings.compactMap { ring in
      var stuck: [(request: Request, socket: OpenFile)] = []
      for request in evidence.inFlight(on: ring.id) where request.state == .awaitingNotification {
        guard evidence.age(since: request.resultTime ?? request.startTime) >= patience,
          let socket = waits.ledger.sender(of: request), let stream = socket.stream,
          stream.sendQueue > 0, stream.window == 0
        else { continue }
        stuck.append((request, socket))
      }
      guard let (first, socket) = stuck.first, let stream = socket.stream else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: stuck.map(\.request.id),
        summary: "\(waits.words(first)) on \(socket.addresses), fd \(socket.fd), "
          + evidence.sent(first) + ", and its notification waits: \(Words.bytes(stream.sendQueue)) "
          + "are in the send queue to \(socket.peerAddress), whose window is 0"
          + waits.reader(of: socket)
          + (stuck.count > 1 ? "; and \(stuck.count - 1) more" : ""),
        numbers: [
          .init("notifications", stuck.count), .init("send_queue_bytes", stream.sendQueue),
          .init("window_bytes", stream.window),
          .init("age_ns", evidence.age(since: first.resultTime ?? first.startTime)),
        ])
    }
  }

  /// Nanoseconds: even slow networks acknowledge data within this time.
  private static let patience: UInt64 = 3_000_000_000
}

extension Evidence {
  fileprivate func sent(_ request: Request) -> String {
    request.resultTime.map { "has had its result for \(Words.duration(age(since: $0)))" }
      ?? "was submitted \(Words.duration(age(since: request.startTime))) ago or more and has its result"
  }
}

extension WaitGraph {
  /// A clause about the processes at the other end of a socket: "; process 4711 (reader) has the
  /// other end (fd 4), with 65 kB unread: it does not read".
  fileprivate func reader(of socket: OpenFile) -> String {
    let peers = peers(of: socket)
    guard let peer = peers.first else { return ": the peer does not read" }
    let holders = Set(peers.map(\.tgid)).sorted()
    let names = holders.map { "process \(Words.thread($0, in: snapshot))" }
    let unread = peer.stream?.unread ?? 0
    return "; " + Words.list(names, of: names.count)
      + " \(names.count == 1 ? "has" : "have") the other end (fd \(peer.fd)), with "
      + "\(Words.bytes(unread)) unread" + (unread > 0 ? ": it does not read" : "")
      + (threads(of: peer.tgid).first.map { "; \(name($0)) \(Words.activity(of: $0, in: self))" }
        ?? "")
  }
}

extension OpenFile {
  /// The address of the socket's peer: `127.0.0.1:80`.
  fileprivate var peerAddress: String {
    guard let range = addresses.firstRange(of: ", peer ") else { return "its peer" }
    return String(addresses[range.upperBound...])
  }
}

extension Request {
  /// Time at which the request's result was posted; nil if the post was not seen.
  fileprivate var resultTime: UInt64? {
    steps.first { $0.kind == .posted || $0.kind == .overflowed }?.time
  }
}
