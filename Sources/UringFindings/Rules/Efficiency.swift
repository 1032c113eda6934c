import UringBase
import UringTrace

/// Rules about cheaper alternatives. They apply only where the cost was measured.
extension FindingRule {
  static let smallBatches = FindingRule(
    "small-batches",
    meaning:
      "Nearly every request costs an io_uring_enter call of its own, at a high rate. Most of these "
      + "calls can be saved.",
    cure: "Queue several SQEs before each io_uring_submit, and wait for more than one CQE."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let counts = evidence.counts(of: ring)
      guard counts.submitted >= 1_000, !ring.setupFlags.contains(.sqPoll) else { return nil }
      // Each wait is a system call. By Little's law, the number of requests in flight is the
      // completion rate times the latency.
      let depth =
        Double(counts.completed) * ring.latency.mean
        / Double(evidence.life(of: ring))
      let waitsForEach = counts.waits * 10 >= counts.submitted * 9 && depth >= 4
      let alone = SingleSubmissions(ring, evidence)
      guard waitsForEach || alone.isRule else { return nil }
      let calls = waitsForEach ? counts.waits : alone.count
      let requests = waitsForEach ? counts.submitted : alone.total
      return Sighting(
        severity: .info, rings: [ring.id], requests: [alone.example].compactMap { $0 },
        requestCount: requests,
        summary: "at least \(calls) calls of io_uring_enter for \(requests) requests"
          + (waitsForEach
            ? " \(evidence.window(of: ring)), with \(Words.number(depth)) in flight"
            : " within \(Words.duration(alone.length))"),
        numbers: [
          .init("calls", calls), .init("requests", requests),
          .init("waits", counts.waits),
        ])
    }
  }

  static let manySubmitters = FindingRule(
    "many-submitters",
    meaning: "Several tasks submit to one ring: they wait for its lock, and the ring cannot have "
      + "IORING_SETUP_SINGLE_ISSUER or DEFER_TASKRUN.",
    cure:
      "Give each thread a ring of its own; IORING_OP_MSG_RING and IORING_SETUP_ATTACH_WQ join them."
  ) { evidence in
    evidence.rings.compactMap { ring in
      guard !ring.setupFlags.contains(.sqPoll) else { return nil }
      var total: UInt64 = 0
      var tasks: [UInt32: (count: UInt64, request: Request.ID)] = [:]
      evidence.forEachEnded(on: ring.id) { request in
        guard request.submitterTid != 0 else { return }
        total += 1
        tasks[request.submitterTid, default: (0, request.id)].count += 1
      }
      // A task that submits only rarely does not contend for the lock.
      let busy = tasks.filter { $0.value.count * 10 >= total }.sorted { $0.key < $1.key }
      guard total >= 500, busy.count >= 2 else { return nil }
      return Sighting(
        severity: .info, rings: [ring.id], requests: busy.map(\.value.request), requestCount: total,
        summary:
          "\(busy.count) tasks submitted a tenth or more each of the \(total) requests that ended last: "
          + Words.list(busy.map { "\($0.key)" }, of: busy.count),
        numbers: [.init("tasks", busy.count), .init("requests", total)])
    }
  }

  static let missingDeferTaskrun = FindingRule(
    "no-defer-taskrun",
    meaning:
      "Much of the time of requests is spent waiting for their task to be interrupted, which "
      + "IORING_SETUP_DEFER_TASKRUN avoids; one task submits, so the ring could have it.",
    cure: "Create the ring with IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN."
  ) { evidence in
    evidence.rings.compactMap { ring in
      guard ring.setupFlags.isDisjoint(with: [.sqPoll, .ioPoll, .deferTaskrun]) else { return nil }
      var taskWork: UInt64 = 0
      var total = 0.0
      var completed: UInt64 = 0
      for latency in evidence.snapshot.latency where latency.ring == ring.id {
        taskWork &+= latency.stageTotals[Int(Stage.taskWork.rawValue)]
        total += latency.summary.mean * Double(latency.summary.count)
        completed += latency.summary.count
      }
      guard completed >= 10_000, Double(taskWork) * 5 >= total else { return nil }
      var tasks: Set<UInt32> = []
      var example: Request.ID?
      evidence.forEachEnded(on: ring.id) { request in
        tasks.insert(request.submitterTid)
        if example == nil, request.hasTaskWork { example = request.id }
      }
      guard tasks.count == 1, let example else { return nil }
      let percent = Words.percent(taskWork, of: UInt64(nearest: total))
      return Sighting(
        severity: .info, rings: [ring.id], requests: [example], requestCount: completed,
        summary: "\(percent) % of the time of \(completed) requests was waiting for task work",
        numbers: [
          .init("requests", completed), .init("share_percent", percent),
          .init("mean_task_work_ns", taskWork / completed),
        ])
    }
  }

  static let missingRegisteredFile = FindingRule(
    "no-registered-file",
    meaning: "Nearly all of very many requests name the same descriptor, and each looks it up and "
      + "takes a reference.",
    cure: "Register the file (IORING_REGISTER_FILES) and use IOSQE_FIXED_FILE."
  ) { evidence in
    let ringDescriptors = Set(evidence.rings.flatMap(\.descriptors))
    return evidence.rings.compactMap { ring in
      let counts = evidence.counts(of: ring)
      let rate = Double(counts.submitted) * 1e9 / Double(evidence.life(of: ring))
      guard counts.submitted >= 50_000, rate >= 50_000 else { return nil }
      var total = 0
      var files: [FileReference: (count: Int, request: Request.ID)] = [:]
      evidence.forEachEnded(on: ring.id) { request in
        total += 1
        // -1 is not a file, and a ring cannot be registered as a file.
        guard case .descriptor(let fd)? = request.file, let file = request.file, fd >= 0,
          !ringDescriptors.contains(Ring.Descriptor(tgid: request.submitterTgid, fd: fd))
        else { return }
        files[file, default: (0, request.id)].count += 1
      }
      guard let (file, use) = files.max(by: { $0.value.count < $1.value.count }),
        use.count * 10 >= total * 9, case .descriptor(let fd) = file,
        let request = evidence.request(use.request)
      else { return nil }
      let name = Words.file(of: request, in: evidence.snapshot) ?? "fd \(fd)"
      return Sighting(
        severity: .info, rings: [ring.id], requests: [use.request], requestCount: counts.submitted,
        summary: "\(UInt64(nearest: rate.rounded(.down))) requests a second, nearly all on \(name)",
        numbers: [
          .init("requests", counts.submitted),
          .init("per_second", UInt64(nearest: rate.rounded(.down))),
        ])
    }
  }
}

/// Number of requests that completed inline (within the system call that submitted them), and
/// number of these system calls.
private struct SingleSubmissions {
  /// Requests completed inline.
  private(set) var total: UInt64 = 0
  /// Requests completed inline that were the last of their call: the number of calls.
  private(set) var count: UInt64 = 0
  private(set) var example: Request.ID?
  /// Start times of the first and the last request completed inline.
  private var first = UInt64.max
  private var last: UInt64 = 0

  init(_ ring: Ring, _ evidence: Evidence) {
    // The requests are newest first. A call posts its CQEs after it has submitted all its SQEs. So
    // a request that ended before the same thread's next request began was the last of its call.
    var next: [UInt32: UInt64] = [:]
    evidence.forEachEnded(on: ring.id) { request in
      defer { next[request.submitterTid] = request.startTime }
      guard request.isInline, let start = next[request.submitterTid] else { return }
      total += 1
      first = min(first, request.startTime)
      last = max(last, request.startTime)
      guard start >= request.lastTime else { return }
      count += 1
      if example == nil { example = request.id }
    }
  }

  /// Nanoseconds from the first submission to the last.
  var length: UInt64 { last.since(first) }

  /// True if nearly all requests were alone in their call, and their rate is high enough to matter.
  var isRule: Bool {
    let rate = Double(total) * 1e9 / Double(max(1, length))
    return total >= 1_000 && count * 10 >= total * 9 && rate >= 5_000
  }
}

extension Request {
  fileprivate var isInline: Bool {
    self.state == .completed && self.completerTid == self.submitterTid && self.stepCount <= 3
      && !isPollArmed
  }

  private var isPollArmed: Bool {
    steps.contains {
      [.pollArmed, .queuedToWorker, .queuedToWorkerHashed, .taskWorkAdded, .linked, .deferred]
        .contains($0.kind)
    }
  }

  fileprivate var hasTaskWork: Bool { steps.contains { $0.kind == .taskWorkAdded } }
}
