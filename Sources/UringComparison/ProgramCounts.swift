import UringTrace

/// Sums over all rings of one program, for a part of a recording.
struct ProgramCounts: Sendable {
  var requests: UInt64 = 0
  var cqes: UInt64 = 0
  var overflows: UInt64 = 0
  /// Calls that waited for CQEs.
  var waits: UInt64 = 0
  /// Calls of `io_uring_enter`; nil if system calls were not watched.
  var enters: UInt64?

  static func + (left: ProgramCounts, right: ProgramCounts) -> ProgramCounts {
    var sum = left
    sum.requests += right.requests
    sum.cqes += right.cqes
    sum.overflows += right.overflows
    sum.waits += right.waits
    sum.enters = left.enters.flatMap { first in right.enters.map { first + $0 } }
    return sum
  }

  /// The counts since an earlier reading of the same counters.
  func since(_ earlier: ProgramCounts) -> ProgramCounts {
    ProgramCounts(
      requests: requests.since(earlier.requests), cqes: cqes.since(earlier.cqes),
      overflows: overflows.since(earlier.overflows), waits: waits.since(earlier.waits),
      enters: enters.map { $0.since(earlier.enters ?? 0) })
  }
}

/// The counts of each program in consecutive parts of a recording.
struct ProgramSeries: Sendable {
  private(set) var parts: [String: [ProgramCounts]] = [:]
  private var rings: [Ring.ID: ProgramCounts] = [:]
  private var enters: [Key: UInt64] = [:]

  private struct Key: Hashable {
    var tid: UInt32
    var ring: Ring.ID?
    var result: Int32
  }

  /// Adds a part: the counts since the last snapshot.
  mutating func look(at snapshot: Snapshot) {
    var part: [String: ProgramCounts] = [:]
    let areCallsWatched = snapshot.callsWatchedSince != nil
    let none = ProgramCounts(enters: areCallsWatched ? 0 : nil)
    for ring in snapshot.rings {
      let counts = ProgramCounts(
        requests: ring.counts.submitted, cqes: ring.counts.cqes, overflows: ring.counts.overflows,
        waits: ring.counts.waits, enters: areCallsWatched ? 0 : nil)
      part[ring.comm, default: none] =
        part[ring.comm, default: none] + counts.since(rings[ring.id] ?? none)
      rings[ring.id] = counts
    }
    let names = Dictionary(
      snapshot.rings.map { ($0.id, $0.comm) }, uniquingKeysWith: { first, _ in first })
    for calls in snapshot.systemCalls where calls.call == .enter {
      guard let ring = calls.ring, let name = names[ring] else { continue }
      let key = Key(tid: calls.tid, ring: ring, result: calls.result)
      part[name, default: none].enters? += calls.count.since(enters[key] ?? 0)
      enters[key] = calls.count
    }
    for (name, counts) in part { parts[name, default: []].append(counts) }
  }
}
