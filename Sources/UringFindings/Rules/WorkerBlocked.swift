import UringTrace

extension FindingRule {
  static let workerBlocked = FindingRule(
    "worker-blocked", .condition(lasting: patience),
    meaning:
      "SPLICE and TEE always run in io-wq workers, and a worker sleeps in them until its pipe has data or room: "
      + "each occupies a thread until then.",
    cure:
      "Submit a POLL_ADD for the pipe first and the SPLICE when it is ready, or set SPLICE_F_NONBLOCK and try "
      + "again after EAGAIN."
  ) { evidence in
    guard let waits = evidence.waits else { return [] }
    return evidence.openRings.flatMap { ring in
      let blocked = evidence.inFlight(on: ring.id).grouped { request -> BlockingPipe? in
        guard let (pipe, direction) = waits.blockingPipe(of: request),
          evidence.age(since: request.startTime) >= patience
        else { return nil }
        return BlockingPipe(pipe: pipe, direction: direction)
      }
      return blocked.map { file, requests in
        let workers = requests.map { String($0.workerTid) }
        let age = evidence.age(since: requests[0].startTime)
        // Drops the first clause, which repeats what the request waits for.
        let clauses = waits.chain(from: requests[0].id).dropFirst()
        return Sighting(
          severity: evidence.isDeadlocked(requests) ? .crit : .info, rings: [ring.id],
          requests: requests.map(\.id),
          summary: Words.list(requests.lazy.map(evidence.words), of: requests.count) + " "
            + (requests.count == 1 ? "blocks worker " : "block workers ")
            + Words.list(workers, of: workers.count) + ", for \(Words.duration(age)) so far, until "
            + "\(waits.name(file.pipe)) has \(file.direction == .reading ? "data" : "room"): "
            + Words.clauses(Array(clauses)),
          numbers: [.init("workers", requests.count), .init("age_ns", age)])
      }
    }
  }

  private static var patience: UInt64 { 1_000_000_000 }
}

private struct BlockingPipe: Hashable {
  var pipe: WaitableFile
  var direction: WaitDirection
}

extension WaitGraph {
  /// The pipe on which the worker of a SPLICE or TEE sleeps, according to the worker's kernel
  /// stack; nil if it sleeps on no pipe.
  func blockingPipe(of request: Request) -> (WaitableFile, WaitDirection)? {
    guard request.opcode == .splice || request.opcode == .tee, request.place == .workerRunning,
      request.lastTime <= facts.time, let stack = snapshot.kernelStacks[request.workerTid]
    else { return nil }
    let isReader = stack.frames.contains { $0.hasPrefix("pipe_wait_readable") }
    guard isReader || stack.frames.contains(where: { $0.hasPrefix("pipe_wait_writable") }),
      let file = isReader ? request.inputIdentity : request.fileIdentity,
      !ledger.descriptors(of: .pipe(inode: file.inode)).isEmpty
    else { return nil }
    return (.pipe(inode: file.inode), isReader ? .reading : .writing)
  }
}
