import UringTrace

/// Rules about the memory that requests name.
extension FindingRule {
  static let badMemory = FindingRule(
    "bad-memory", .occurrence,
    meaning: "The kernel could not reach a request's memory: it was unmapped, never mapped, or may "
      + "not be written.",
    cure:
      "Keep the buffer mapped until the request's last CQE, the notification of a zero-copy send "
      + "included."
  ) { evidence in
    evidence.rings.compactMap { ring in
      let faults = evidence.ended(on: ring.id) { request in
        request.hasResult && request.result == -ErrorNumber.fault.rawValue && request.isSQEKnown
          && !request.opcode.usesFixedBuffer
          && request.memory(evidence.snapshot) != nil
      }
      guard let first = faults.last else { return nil }
      return Sighting(
        severity: .warn, rings: [ring.id], requests: faults.reversed().map(\.id),
        summary: "\(evidence.words(first)) failed with EFAULT at 0x"
          + String(first.sqe.addr, radix: 16)
          + (faults.count > 1 ? "; and \(faults.count - 1) more" : "") + evidence.reach(on: ring),
        numbers: [.init("requests", faults.count)])
    }
  }

  static let overlappingMemory = FindingRule(
    "overlapping-memory", .condition(),
    meaning:
      "Two requests in flight use the same memory and at least one of them fills it: the "
      + "resulting contents depend on timing.",
    cure: "Give each request in flight a buffer of its own, or link them."
  ) { evidence in
    var sightings: [Sighting] = []
    for ring in evidence.openRings {
      var spans = evidence.inFlight(on: ring.id).compactMap { request in
        request.isRunning ? request.memory(evidence.snapshot) : nil
      }
      spans.sort { ($0.start, $0.request) < ($1.start, $1.request) }
      var pairs: [(MemorySpan, MemorySpan)] = []
      // Of the spans seen so far: the span with the highest end, and the span with the highest end
      // that the kernel fills.
      var farthest: MemorySpan?
      var farthestFilled: MemorySpan?
      for span in spans {
        let other = span.isFilled ? farthest : farthestFilled
        if let other, span.overlaps(other) { pairs.append((other, span)) }
        if span.end >= farthest?.end ?? 0 { farthest = span }
        if span.isFilled, span.end >= farthestFilled?.end ?? 0 { farthestFilled = span }
      }
      let twins = pairs.filter { $0.sqe == $1.sqe && $0.sqe != nil }
      let others = pairs.filter { $0.sqe != $1.sqe || $0.sqe == nil }
      if let sighting = shared(others, on: ring, evidence) { sightings.append(sighting) }
      if var sighting = shared(twins, on: ring, evidence),
        let one = evidence.request(twins[0].0.request)
      {
        let start = String(twins[0].1.start, radix: 16)
        sighting.summary =
          "\(evidence.words(one)) is in flight twice, from SQEs that are the same: "
          + "both use 0x\(start)"
        sighting.meaning =
          "Two requests are the same in user_data, opcode, file and memory, as when one SQE is "
          + "submitted twice: their CQEs cannot be told apart."
        sighting.cure =
          "Submit each SQE once: see whether a submission is repeated after an error, or an "
          + "operation is armed again before its CQE."
        sightings.append(sighting)
      }
    }
    return sightings
  }

  private static func shared(
    _ pairs: [(MemorySpan, MemorySpan)], on ring: Ring, _ evidence: Evidence
  ) -> Sighting? {
    guard let (first, second) = pairs.first, let one = evidence.request(first.request),
      let other = evidence.request(second.request)
    else { return nil }
    var seen: Set<Request.ID> = []
    let requests = pairs.flatMap { [$0.request, $1.request] }.filter { seen.insert($0).inserted }
    let bytes = min(first.end, second.end) - second.start
    return Sighting(
      severity: .warn, rings: [ring.id], requests: requests,
      summary: "\(evidence.words(one)) and \(evidence.words(other)) share "
        + "\(Words.count(bytes, "byte")) at 0x" + String(second.start, radix: 16),
      numbers: [.init("pairs", pairs.count), .init("shared_bytes", bytes)])
  }
}

/// Memory that a request names.
private struct MemorySpan {
  var request: Request.ID
  var process: UInt32
  var chain: Chain.ID
  var start: UInt64
  /// Address after the last byte.
  var end: UInt64
  /// True if the kernel writes into the memory.
  var isFilled: Bool
  /// The SQE as the application wrote it; nil if not known.
  var sqe: Written?

  struct Written: Equatable {
    var userData: UInt64
    var opcode: Opcode
    var flags: UInt8
    var fd: Int32
    var offset: UInt64
    var address: UInt64
    var length: UInt32
    var opcodeFlags: UInt32

    init?(_ request: Request) {
      guard request.isSQEKnown else { return nil }
      userData = request.userData
      opcode = request.opcode
      flags = request.sqe.flags
      fd = request.sqe.fd
      offset = request.sqe.off
      address = request.sqe.addr
      length = request.sqe.len
      opcodeFlags = request.sqe.op_flags
    }
  }

  func overlaps(_ other: MemorySpan) -> Bool {
    process == other.process && start < other.end && other.start < end
      // Requests of a chain run one after the other, so they never use the memory at the same time.
      && (chain == 0 || chain != other.chain)
  }
}

extension Request {
  fileprivate var isRunning: Bool {
    !self.state.isFinal && self.state != .linked && self.state != .deferred && !isSuspect
  }

  /// The application's own memory, if the SQE names it directly. Nil for vectors, provided buffers
  /// and a driver's buffers.
  fileprivate func memory(_ snapshot: Snapshot) -> MemorySpan? {
    guard let memory = self.namedMemory else { return nil }
    if self.opcode.usesFixedBuffer,
      snapshot.buffers.contains(where: {
        $0.ring == self.ring && $0.kind == .registered && $0.index == UInt32(self.sqe.buf_index)
          && $0.isKernel
      })
    {
      return nil
    }
    return MemorySpan(
      request: self.id, process: self.submitterTgid, chain: self.chain, start: memory.lowerBound,
      end: memory.upperBound, isFilled: self.opcode.direction == .read,
      sqe: MemorySpan.Written(self))
  }
}
