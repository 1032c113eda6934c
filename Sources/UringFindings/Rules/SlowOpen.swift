import UringTrace

extension FindingRule {
  static let slowOpen = FindingRule(
    "slow-open",
    meaning:
      "io_uring runs these opcodes in io-wq workers, some always, others only with certain flags. Each "
      + "request costs one or two context switches, even if everything is cached.",
    cure:
      "Keep files open instead of opening them again; open without O_CREAT, O_TRUNC and O_TMPFILE first, which is "
      + "tried inline; ask for a file's state once, or with a plain system call."
  ) { evidence in
    evidence.rings.compactMap { ring in
      var kinds: [Opcode: SlowWork] = [:]
      evidence.forEachEnded(on: ring.id) { request in
        // Preparation can set REQ_F_FORCE_ASYNC, the same bit as IOSQE_ASYNC, in the request's
        // flags. Only the SQE shows whether the program set it.
        guard Self.looksUp.contains(request.opcode), request.isSQEKnown,
          !SQEFlags(rawValue: request.sqe.flags).contains(.async), let time = request.timeInWorker
        else { return }
        kinds[request.opcode, default: SlowWork()].add(request, time: time)
      }
      let count = kinds.values.reduce(0) { $0 + $1.count }
      let completed = evidence.counts(of: ring).completed
      guard count >= 50, count * 10 >= completed else { return nil }
      let works = kinds.sorted { $0.key.rawValue < $1.key.rawValue }
      let total = works.reduce(UInt64(0)) { $0.addingSaturated($1.value.total) }
      let texts = works.map { opcode, work in
        "\(work.count) \(opcode.name)" + (work.creates * 2 > work.count ? " (with O_CREAT)" : "")
      }
      return Sighting(
        severity: .info, rings: [ring.id], requests: works.compactMap(\.value.newest),
        requestCount: count,
        summary:
          "\(texts.joined(separator: " and ")) of the last \(evidence.endedCount(on: ring.id)) requests went to "
          + "io-wq workers, \(Words.duration(total / count)) each on average",
        numbers: [.init("requests", count), .init("mean_ns", total / count)])
    }
  }

  /// OPENAT, OPENAT2 and STATX: operations that are often repeated for one file.
  private static let looksUp: Set<Opcode> = [
    Opcode(rawValue: 18), Opcode(rawValue: 28), Opcode(rawValue: 21),
  ]
}

private struct SlowWork {
  var newest: Request.ID?
  var count: UInt64 = 0
  /// Number of opens with O_CREAT.
  var creates: UInt64 = 0
  /// Nanoseconds from the hand-over to io-wq to the request's end, summed over all requests.
  var total: UInt64 = 0

  mutating func add(_ request: borrowing Request, time: UInt64) {
    if newest == nil { newest = request.id }
    count += 1
    if request.sqe.op_flags & 0o100 != 0,
      request.opcode.properties.flags?.name == "open_flags"
    {
      creates += 1
    }
    total = total.addingSaturated(time)
  }
}

extension Request {
  /// Nanoseconds from the hand-over to io-wq to the last event; nil if the request was not handed
  /// over.
  fileprivate var timeInWorker: UInt64? {
    steps.first { $0.kind == .queuedToWorker }.map { self.lastTime.since($0.time) }
  }
}
