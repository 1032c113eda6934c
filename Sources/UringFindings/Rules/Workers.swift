import UringBase
import UringTrace

/// Rules about io-wq.
extension FindingRule {
  static let puntStorm = FindingRule(
    "punt-storm",
    meaning:
      "Many transfers cannot complete inline and are punted to io-wq, which costs at least one "
      + "context switch each.",
    cure:
      "Use a file system that supports non-blocking buffered I/O (FMODE_NOWAIT), or O_DIRECT if "
      + "the file was opened without it, and preallocate files that grow."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let counts = evidence.counts(of: ring)
      let rate = UInt64(Double(counts.puntedTransfers) * 1e9 / Double(evidence.life(of: ring)))
      let sample = PuntSample(ring, evidence)
      guard sample.transfers >= 200, let first = sample.punted.first,
        UInt64(sample.punted.count) * 10 >= sample.transfers, rate >= 100
      else { return nil }
      let percent = Words.percent(UInt64(sample.punted.count), of: sample.transfers)
      return Sighting(
        severity: percent >= 50 ? .warn : .info, rings: [ring.id],
        requests: sample.punted.map(\.id), requestCount: counts.puntedTransfers,
        summary: "\(counts.puntedTransfers) transfers \(evidence.window(of: ring)) went to io-wq; "
          + "of the last \(sample.transfers), \(percent) % did\(sample.cost): \(evidence.words(first))",
        numbers: [
          .init("punted", counts.puntedTransfers), .init("per_second", rate),
          .init("share_percent", percent), .init("mean_worker_ns", sample.meanPunted),
        ], cure: ring.setupFlags.contains(.ioPoll) ? directCure : nil)
    }
  }

  /// The cure for a ring with IOPOLL, which accepts only O_DIRECT, so that the usual cure does not
  /// apply.
  private static let directCure =
    "Allocate the file's blocks in advance, and keep the device's queue below its limit: direct I/O "
    + "is punted to workers where it would have to wait for either."

  static let workerFanOut = FindingRule(
    "worker-fan-out", .condition(),
    meaning:
      "Very many worker threads run requests of one ring: they block, and each uses memory and "
      + "adds load to the scheduler.",
    cure:
      "Limit them with IORING_REGISTER_IOWQ_MAX_WORKERS, and do not set IOSQE_ASYNC on "
      + "requests that can wait for readiness."
  ) { evidence in
    evidence.openRings.compactMap { ring in
      // A worker executes one request at a time: counts each worker once.
      var workers: Set<UInt32> = []
      let running = evidence.inFlight(on: ring.id).filter { request in
        guard request.state == .worker, let tid = request.lastWorker else { return false }
        return workers.insert(tid).inserted
      }
      guard workers.count >= 32 else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: running.map(\.id),
        summary: "\(workers.count) workers each run a request: " + evidence.words(running[0]),
        numbers: [.init("workers", workers.count)])
    }
  }

  static let hashedWork = FindingRule(
    "hashed-work",
    meaning: "Requests on one file are punted to io-wq, which runs them one after the other: they "
      + "wait for each other, not for the device.",
    cure:
      "Use O_DIRECT on a file system with parallel direct writes; a higher queue depth on this file "
      + "does not help."
  ) { evidence in
    evidence.rings.compactMap { ring in
      var files: [FileReference: HashedFile] = [:]
      func note(_ request: borrowing Request, until end: UInt64) {
        guard let file = request.file, let queued = request.hashedTime,
          !request.hasFailed
        else { return }
        files[file, default: HashedFile()].add(request, from: queued, to: end)
      }
      evidence.forEachEnded(on: ring.id) { note($0, until: $0.lastTime) }
      for request in evidence.inFlight(on: ring.id) { note(request, until: evidence.snapshot.time) }
      let worst = files.max { $0.value.count < $1.value.count }
      guard let (file, work) = worst, work.count >= 100, work.depth >= 2,
        let sample = work.requests.first.flatMap({ evidence.request($0) })
      else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: work.requests, requestCount: work.count,
        summary: "\(work.count) requests (\(work.opcodeNames)) on "
          + "\(evidence.name(of: file, in: sample)) were serialised by io-wq in "
          + "\(Words.duration(work.length)); on average, \(Words.number(work.depth)) were queued or running at a "
          + "time, and each took \(Words.duration(work.total / work.count))",
        numbers: [
          .init("requests", work.count), .init("mean_depth", UInt64(nearest: work.depth)),
          .init("mean_wait_ns", work.total / work.count),
        ],
        meaning: ring.setupFlags.contains(.ioPoll) ? polledMeaning : nil,
        cure: ring.setupFlags.contains(.ioPoll) ? directCure : nil)
    }
  }

  private static let polledMeaning =
    "On a ring with IORING_SETUP_IOPOLL, io-wq runs all punted requests on one regular file, including "
    + "reads, one after the other."
}

/// The last transfers of a ring that ended without an error, and those among them that went to
/// io-wq although they did not request it (IOSQE_ASYNC).
private struct PuntSample {
  private(set) var transfers: UInt64 = 0
  private(set) var punted: [Request] = []
  private var puntedTime: UInt64 = 0
  private var otherTime: UInt64 = 0

  init(_ ring: Ring, _ evidence: Evidence) {
    var (transfers, puntedTime, otherTime): (UInt64, UInt64, UInt64) = (0, 0, 0)
    punted = evidence.ended(on: ring.id) { request in
      // A failed transfer does not count: the file, not the punt, causes the failure.
      guard request.movesDataUnasked, !request.hasFailed else { return false }
      transfers += 1
      guard let queued = request.queuedTime else {
        otherTime &+= request.lastTime.since(request.startTime)
        return false
      }
      puntedTime &+= request.lastTime.since(queued)
      return true
    }
    (self.transfers, self.puntedTime, self.otherTime) = (transfers, puntedTime, otherTime)
  }

  /// Average nanoseconds from the hand-over to io-wq to the request's end.
  var meanPunted: UInt64 { puntedTime / max(1, UInt64(punted.count)) }

  /// A clause about the cost of being punted: `; on average, they spent 251 µs in io-wq, and the
  /// other transfers took 8 µs`.
  var cost: String {
    let others = transfers - UInt64(punted.count)
    return "; on average, they spent \(Words.duration(meanPunted)) in io-wq"
      + (others == 0
        ? "" : ", and the other transfers took \(Words.duration(otherTime / others))")
  }
}

/// Requests on one file that io-wq executes one after the other.
private struct HashedFile {
  var requests: [Request.ID] = []
  var count: UInt64 = 0
  /// Nanoseconds from the hand-over to io-wq to the request's end, summed over all requests.
  var total: UInt64 = 0
  var first = UInt64.max
  var last: UInt64 = 0

  private var opcodes: Set<Opcode> = []

  /// The opcodes of the work: `WRITE`, or `FALLOCATE, WRITE`.
  var opcodeNames: String { opcodes.map(\.name).sorted().joined(separator: ", ") }

  mutating func add(_ request: borrowing Request, from start: UInt64, to end: UInt64) {
    if requests.count < Finding.requestLimit { requests.append(request.id) }
    opcodes.insert(request.opcode)
    count += 1
    total &+= end.since(start)
    first = min(first, start)
    last = max(last, end)
  }

  /// Nanoseconds from the first request's start to the last request's end.
  var length: UInt64 { last.since(first) }

  /// Average number of requests that were queued or running at a time.
  var depth: Double { Double(total) / Double(max(1, length)) }
}

extension Request {
  fileprivate var hasFailed: Bool { self.hasResult && self.result < 0 }

  /// Time at which the request was handed to io-wq; nil if it was not.
  fileprivate var queuedTime: UInt64? {
    steps.first { $0.kind.isHandover }?.time
  }

  /// Time at which the request was queued behind other work on its file; nil if it was not.
  fileprivate var hashedTime: UInt64? {
    steps.first { $0.kind == .queuedToWorkerHashed }?.time
  }

  /// The worker thread that executes the request, as far as is known. A worker is seen when it
  /// looks up a file, or when an inventory walk (BPF iterator) finds it.
  fileprivate var lastWorker: UInt32? {
    if self.place == .workerRunning, self.workerTid != 0 { return self.workerTid }
    guard let last = steps.last, last.kind == .fileAssigned, last.tid != self.submitterTid else {
      return nil
    }
    return last.tid
  }
}

extension Evidence {
  fileprivate func name(of file: FileReference, in request: Request) -> String {
    if let name = Words.file(of: request, in: snapshot) { return name }
    return switch file {
    case .descriptor(let fd): "fd \(fd)"
    case .fixed(let index): "fixed file \(index)"
    }
  }
}
