import UringBase
import UringTrace

/// Rules about the io-wq workers of a process.
extension FindingRule {
  static let idleWorkers = FindingRule(
    "idle-workers", .condition(lasting: 2_000_000_000),
    meaning:
      "Bursts of work make io-wq start many threads that are idle most of the time. Each uses memory, "
      + "and exits only after five seconds without work.",
    cure:
      "Limit them with IORING_REGISTER_IOWQ_MAX_WORKERS, and do not set IOSQE_ASYNC on requests that "
      + "can wait for readiness."
  ) { evidence in
    evidence.snapshot.workerPools.compactMap { pool in
      let age = evidence.age(since: pool.idleSince)
      guard pool.idle >= 32, age >= 1_000_000_000, let ring = evidence.mainRing(of: pool) else {
        return nil
      }
      let cause = evidence.punted(on: ring)
      return Sighting(
        severity: .info, rings: [ring.id], requests: cause.requests, requestCount: cause.count,
        summary:
          "\(pool.idle) of \(pool.workers) io-wq workers of process \(pool.tgid) are idle; most have been "
          + "idle at each look for \(Words.duration(age))" + cause.text,
        numbers: [
          .init("idle", pool.idle), .init("workers", pool.workers), .init("idle_ns", age),
        ])
    }
  }

  static let workerAffinity = FindingRule(
    "worker-affinity", .condition(),
    meaning:
      "The io-wq workers are not allowed to run on any processor of the program: each punted request "
      + "moves to another processor and back.",
    cure:
      "Bind the workers to the program's processors (IORING_REGISTER_IOWQ_AFF, with the program's own set), or "
      + "undo a binding (IORING_UNREGISTER_IOWQ_AFF)."
  ) { evidence in
    evidence.snapshot.workerPools.compactMap { pool in
      guard let workers = ProcessorList(pool.processors),
        let program = ProcessorList(pool.programProcessors), !workers.overlaps(program),
        let ring = evidence.mainRing(of: pool)
      else { return nil }
      let cause = evidence.punted(on: ring)
      return Sighting(
        severity: .warn, rings: [ring.id], requests: cause.requests, requestCount: cause.count,
        summary: "\(Words.count(pool.workers, "io-wq worker")) of process \(pool.tgid) may run on "
          + "\(Words.processors(pool.processors)) only, and its threads on "
          + "\(Words.processors(pool.programProcessors)) only" + cause.text,
        numbers: [.init("workers", pool.workers), .init("requests", cause.count)])
    }
  }
}

extension Words {
  /// A list of processors in words: `processor 1`, `processors 0-3`.
  static func processors(_ list: String) -> String {
    "processor\(list.allSatisfy(\.isNumber) ? "" : "s") \(list)"
  }
}

extension Evidence {
  /// Requests of a ring that went to io-wq.
  fileprivate struct Punted {
    var requests: [Request.ID] = []
    var count: UInt64 = 0
    /// A clause about the requests; empty if none went to io-wq: "; 48 of the last 96 requests went
    /// to workers, as READ 0x1 on pipe:[7] with IOSQE_ASYNC".
    var text = ""
  }

  /// The open ring of a pool's process with the most requests that went to io-wq.
  fileprivate func mainRing(of pool: WorkerPool) -> Ring? {
    openRings.filter { ring in
      ring.ownerTgid == pool.tgid || ring.descriptors.contains { $0.tgid == pool.tgid }
    }.max { ($0.counts.punted, $1.id) < ($1.counts.punted, $0.id) }
  }

  fileprivate func punted(on ring: Ring) -> Punted {
    var punted = Punted()
    var isAsync = false
    forEachEnded(on: ring.id, within: .history) { request in
      guard request.steps.contains(where: { $0.kind.isHandover }) else { return }
      punted.count += 1
      if punted.requests.isEmpty {
        // Tests the SQE's flags. In the kernel's flags of the request, the bit is also set for
        // opcodes that always need a worker.
        isAsync = request.isSQEKnown && SQEFlags(rawValue: request.sqe.flags).contains(.async)
      }
      if punted.requests.count < Finding.requestLimit { punted.requests.append(request.id) }
    }
    if let first = punted.requests.first.flatMap({ request($0) }) {
      punted.text =
        "; \(punted.count) of the last \(endedCount(on: ring.id, within: .history)) requests went to workers, as "
        + words(first) + (isAsync ? " with IOSQE_ASYNC" : "")
    }
    return punted
  }
}
