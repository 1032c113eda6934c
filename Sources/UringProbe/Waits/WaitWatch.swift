import CProbe
import CRecord
import UringBase
import UringRecords
import UringTrace

/// Decides when to find out what rings wait for: every few seconds while a ring does not move. Costs nothing while all
/// rings move.
struct WaitWatch: ~Copyable {
  /// Counters of a ring: one of them changes whenever the ring makes progress.
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
    /// Its requests, from the inventory taken when it stopped moving.
    var requests: [record_parked]?
    /// Descriptors that its SPLICE and TEE requests read from.
    var inputs: [WaitableFiles.Descriptor] = []
    var wasLookedAt = false
    /// True if its process is stopped.
    var isStopped = false

    /// True if a look can find something. An idle ring must have requests in flight, or a stopped process.
    var isWorthALook: Bool {
      !position.isIdle || isStopped || requests.map { !$0.isEmpty } ?? true
    }
  }

  private var rings: [UInt64: Ring] = [:]
  /// Whether the processes of rings that look idle are stopped, as of the last scan.
  private var stopped: (time: UInt64, processes: [UInt32: Bool]) = (0, [:])
  private var survey: WaitSurvey?
  private var hasFailed = false
  /// Times of the next look at all rings, and of the next first look at a ring that has stopped moving.
  private var nextLook: UInt64 = 0
  private var nextFirstLook: UInt64 = 0

  private static let patience: UInt64 = 2_000_000_000
  private static let pause: UInt64 = 4_000_000_000
  private static let shortestPause: UInt64 = 500_000_000
  private static let requestsOfRing = 256
  private static let processesOfScan = 16

  /// Updates the rings after a scan.
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

  /// True if the process of a ring that looks idle is stopped. Only a few are checked in one scan.
  private mutating func isStopped(_ tgid: UInt32, at time: UInt64) -> Bool {
    if stopped.time != time { stopped = (time, [:]) }
    if let known = stopped.processes[tgid] { return known }
    guard stopped.processes.count < Self.processesOfScan else { return false }
    let isStopped = Procfs.isStopped(tgid)
    stopped.processes[tgid] = isStopped
    return isStopped
  }

  /// Rings that do not move, if a look is due.
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

  /// The due rings whose requests are not known.
  func unlisted(of due: [UInt64]) -> [UInt64] { due.filter { rings[$0]?.requests == nil } }

  /// Keeps the requests that an inventory has found.
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
  /// Servers of ublk devices whose block requests were found.
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
