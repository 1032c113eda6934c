import UringTrace

extension FindingRule {
  static let closedDescriptor = FindingRule(
    "closed-descriptor", .condition(lasting: 1_000_000_000),
    meaning:
      "A request keeps its file open after close(2): a peer does not see the close, and data still "
      + "arrives in a buffer that the program may have freed.",
    cure:
      "Before close(2), shut the socket down (shutdown) or cancel what is in flight on it (ASYNC_CANCEL with "
      + "IORING_ASYNC_CANCEL_FD), and take the CQE."
  ) { evidence in
    evidence.openRings.flatMap { ring -> [Sighting] in
      let files = evidence.inFlight(on: ring.id).grouped { request -> FileIdentity? in
        // A registered file needs no descriptor, and a zero-copy send whose result is posted holds
        // no file.
        guard request.state != .awaitingNotification,
          !SQEFlags(requestFlags: request.flags).contains(.fixedFile),
          let file = request.fileIdentity,
          evidence.snapshot.fileNames.closed[file] != nil,
          evidence.age(since: request.startTime) >= 1_000_000_000
        else { return nil }
        return file
      }
      return files.map { _, requests in
        Sighting(
          severity: .warn, rings: [ring.id], requests: requests.map(\.id),
          summary: evidence.words(requests[0]) + evidence.closing(of: requests[0])
            + (requests.count > 1
              ? "; \(Words.count(requests.count - 1, "more request")) on the same file" : ""),
          numbers: [.init("requests", requests.count)])
      }
    }
  }
}

extension Evidence {
  /// A clause about the closed descriptor of a request's file: " (tcp 127.0.0.1:80), which has no
  /// descriptor any more: fd 6 is now socket:[7], with 5 bytes unread that no request reads".
  fileprivate func closing(of request: Request) -> String {
    guard let file = request.fileIdentity, let closed = snapshot.fileNames.closed[file] else {
      return ""
    }
    var text = closed.itself.isEmpty ? ", " : " (\(closed.itself)), "
    text += closed.state
    guard closed.fd >= 0 else { return text }
    guard !closed.now.isEmpty else { return text + "; it was fd \(closed.fd)" }
    text += ": fd \(closed.fd) is now \(Words.name(closed.now))"
    let isRead = snapshot.requests.contains {
      $0.fileIdentity?.ownName.map(closed.now.hasPrefix) ?? false
    }
    return isComplete && closed.now.hasSuffix(" unread") && !isRead
      ? text + " that no request reads" : text
  }
}
