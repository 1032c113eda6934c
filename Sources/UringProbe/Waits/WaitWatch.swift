import CProbe
import CRecord
import UringBase
import UringRecords
import UringTrace

/// Decides when to search for the causes of waits (``WaitSurvey``): every few seconds while a ring
/// makes no progress. Costs nothing while all rings make progress.
struct WaitWatch: ~Copyable {
  /// Counters of a ring, as seen by a scan. At least one changes whenever the ring makes progress.
  private struct Position: Equatable {
    var waiters: UInt32
    var waiter: UInt32
    var missing: UInt32
    var sqPending: UInt32
    var cqPending: UInt32
    var sqTaken: UInt32
    var cqPosted: UInt32

    init(_ sighting: probe_sighting) {
      waiters = sighting.waiters
      waiter = sighting.waiter_tid
      missing = sighting.waiter_missing
      sqPending = sighting.sq_pending
      cqPending = sighting.cq_pending
      sqTaken = sighting.sq_taken
      cqPosted = sighting.cq_posted
    }

    /// True if no task waits and the queues are empty.
    var isIdle: Bool { waiters == 0 && sqPending == 0 && cqPending == 0 }
  }

  private struct Ring {
    var position: Position
    var since: UInt64
    /// The ring's requests in flight, from the inventory taken since its last progress; nil if none
    /// was taken.
    var requests: [record_parked]?
    /// Descriptors from which the ring's SPLICE and TEE requests read.
    var inputs: [WaitableFiles.Descriptor] = []
    var wasLookedAt = false
    /// True if the ring's process is stopped by a signal or a debugger.
    var isStopped = false

    /// True if a search for waits can find something: the ring is not idle, has requests in flight
    /// (or they are unknown), or its process is stopped.
    var isWorthALook: Bool {
      !position.isIdle || isStopped || requests.map { !$0.isEmpty } ?? true
    }
  }

  private var rings: [UInt64: Ring] = [:]
  /// Time of the last scan, and the processes checked in it: true if the process is stopped. Only
  /// processes of idle rings are checked.
  private var stopped: (time: UInt64, processes: [UInt32: Bool]) = (0, [:])
  private var survey: WaitSurvey?
  private var hasFailed = false
  /// Earliest time of the next search that covers all rings without progress.
  private var nextLook: UInt64 = 0
  /// Earliest time of the next search if a ring without progress has not been searched yet.
  private var nextFirstLook: UInt64 = 0

  private static let patience: UInt64 = 2_000_000_000
  private static let pause: UInt64 = 4_000_000_000
  private static let shortestPause: UInt64 = 500_000_000
  private static let requestsOfRing = 256
  private static let processesOfScan = 16

  /// Updates the rings' positions after a scan.
  mutating func note(_ known: [UInt64: RingScanner.KnownRing], at time: UInt64) {
    for address in rings.keys where known[address] == nil { rings[address] = nil }
    for (address, ring) in known {
      let position = Position(ring.sighting)
      if rings[address]?.position != position {
        let asleep = ring.sighting.waiter_ran_ns
        rings[address] = Ring(position: position, since: asleep == 0 ? time : asleep)
      }
      if position.isIdle { rings[address]!.isStopped = isStopped(ring.sighting.tgid, at: time) }
    }
  }

  /// Returns true if the process of an idle ring is stopped. Checks at most `processesOfScan`
  /// processes in one scan.
  private mutating func isStopped(_ tgid: UInt32, at time: UInt64) -> Bool {
    if stopped.time != time { stopped = (time, [:]) }
    if let known = stopped.processes[tgid] { return known }
    guard stopped.processes.count < Self.processesOfScan else { return false }
    let isStopped = Procfs.isStopped(tgid)
    stopped.processes[tgid] = isStopped
    return isStopped
  }

  /// Returns the rings that have made no progress for two seconds, if a search is due; else none.
  func due(at time: UInt64) -> [UInt64] {
    guard time >= nextFirstLook, !hasFailed else { return [] }
    let still = rings.filter {
      $0.value.isWorthALook && time.since($0.value.since) >= Self.patience
    }
    guard time >= nextLook || still.contains(where: { !$0.value.wasLookedAt }) else { return [] }
    return still.map(\.key)
  }

  func worthALook(_ addresses: [UInt64]) -> [UInt64] {
    addresses.filter { rings[$0]?.isWorthALook ?? false }
  }

  /// Returns those of the due rings for which no inventory has listed the requests.
  func unlisted(of due: [UInt64]) -> [UInt64] { due.filter { rings[$0]?.requests == nil } }

  /// Stores the requests that an inventory of these rings has found.
  mutating func keep(_ records: borrowing RecordBuffer, of addresses: [UInt64]) {
    let inputs = records.inputs
    let requests = records.parkedByRing(
      in: [.poll, .workRunning, .futex, .waitid, .network], limit: Self.requestsOfRing,
      total: 1 << 14)
    for address in addresses where rings[address] != nil {
      let kept = requests[address] ?? []
      rings[address]!.requests = kept
      rings[address]!.inputs = kept.compactMap { parked in
        inputs[parked.base.req].map { .init(tgid: parked.tgid, fd: $0.fd) }
      }
    }
  }

  mutating func look(
    at subjects: [UInt64], _ known: [UInt64: RingScanner.KnownRing], configuration: probe_config,
    kernel: KernelBTF, ringOperations: UInt64, ownEventfd: Int32, into records: inout RecordBuffer
  ) throws(ProbeError) {
    guard !hasFailed, !subjects.isEmpty else { return }
    let start = MonotonicClock.now()
    var scope = WaitSurvey.Scope(rings: known, subjects: subjects)
    scope.requests = subjects.flatMap { rings[$0]?.requests ?? [] }
    scope.descriptors = subjects.flatMap { rings[$0]?.inputs ?? [] }
    scope.processes = records.servers
    do throws(ProbeError) {
      if survey == nil {
        survey = try WaitSurvey(
          configuration: configuration, kernel: kernel, ringOperations: ringOperations,
          ownEventfd: ownEventfd)
      }
      try survey!.look(scope, into: &records)
    } catch {
      hasFailed = true
      throw error
    }
    let cost = MonotonicClock.now() - start
    nextLook = start + max(Self.pause, cost * 50)
    nextFirstLook = start + max(Self.shortestPause, cost * 50)
    for ring in subjects { rings[ring]?.wasLookedAt = true }
  }
}

extension RecordBuffer {
  /// Servers of the ublk devices for which the inventory has found block requests.
  fileprivate var servers: Set<UInt32> {
    var servers: Set<UInt32> = []
    withEachRecord { record in
      guard record.pointee.kind == .diskRequest else { return }
      servers.insert(
        UnsafeRawPointer(record).load(as: record_disk_request.self).server_tgid)
    }
    return servers.subtracting([0])
  }
}
