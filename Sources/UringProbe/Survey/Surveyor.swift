import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringSources
import UringTrace

/// The work of the surveyor thread: it runs the BPF iterators (scans for rings, inventories,
/// searches for waits) and looks up names in /proc.
struct Surveyor: ~Copyable {
  private let mailbox: SurveyorMailbox
  private let capture: SharedCapture
  private let filter: RingFilter
  private let interval: UInt64
  private var scanner: RingScanner
  private var names = NameResolver()
  private var cgroups = CgroupResolver()
  private var userSymbols = UserSymbols()
  private let configuration: probe_config
  private let kernel: KernelBTF
  /// Start of the capture.
  private let startTime: UInt64
  /// Loaded after the first scan for rings, so that the first screen does not wait for the load.
  private var inventory: Inventory?
  private var hasTriedInventory = false
  /// Registered sockets and pipes that the last inventory has found.
  private var fixedFiles: [RecordBuffer.FixedFile: RecordBuffer.NamedFile] = [:]
  private var waits = WaitWatch()
  private let calls: SystemCallObject?
  private var limits = LimitReader()
  private var lags = LagWatch()

  /// Places of requests that are using their memory.
  private static let usingMemory: Set<RecordPlace> = [
    .poll, .iopoll, .block, .workQueued, .workRunning, .taskWork,
  ]

  /// Nanoseconds between the first scan that missed a ring and the scan that confirms its close.
  private static let doubtInterval: UInt64 = 100_000_000

  /// Loads the BPF iterators. Closes `ownRing`, whose `f_op` identifies ring files.
  init(
    mailbox: SurveyorMailbox, capture: SharedCapture, configuration: probe_config,
    kernel: KernelBTF, filter: RingFilter, interval: UInt64, ownRing: Int32, startTime: UInt64,
    calls: SystemCallObject?
  ) throws(ProbeError) {
    defer { close(ownRing) }
    self.mailbox = mailbox
    self.capture = capture
    self.filter = filter
    self.interval = interval
    self.configuration = configuration
    self.kernel = kernel
    self.startTime = startTime
    self.calls = calls
    scanner = try RingScanner(
      configuration: configuration, kernel: kernel, ownRing: ownRing, capture: capture.object)
  }

  /// Does the work of the surveyor thread until the session stops.
  mutating func run() {
    var nextScan = MonotonicClock.now()
    while true {
      let requests = mailbox.requests.withLock { requests in
        defer {
          requests.created = []
          requests.suspects = []
          requests.names = []
          requests.stacks = []
          requests.wantsScan = false
          requests.wantsInventory = false
          requests.inspections = []
        }
        return requests
      }
      if requests.isStopping { return }
      var records = RecordBuffer()
      var notices: [Notice] = []
      if !requests.stacks.isEmpty {
        userSymbols.resolve(
          requests.stacks, table: capture.object.mapDescriptor("user_stacks"), into: &records)
        mailbox.progress.advance()
      }
      for (ring, time) in requests.created { scanner.noteCreation(of: ring, at: time) }
      var scanned = false
      do throws(ProbeError) {
        if !requests.suspects.isEmpty, try !scanner.walk(requests.suspects, into: &records) {
          nextScan = 0
        }
        // A scan precedes each inventory, so that the inventory covers all rings that exist now.
        if MonotonicClock.now() >= nextScan || requests.wantsInventory || requests.wantsScan {
          try scanner.scan(filter: filter, capture: capture.object, into: &records)
          let pause = scanner.hasDoubts ? min(interval, Self.doubtInterval) : interval
          // Scans should take at most 1 % of a CPU. But they run at least every ten intervals, so
          // that closed rings disappear from the list.
          nextScan =
            MonotonicClock.now() + max(pause, min(scanner.lastScanCost * 100, interval * 10))
          scanned = true
        }
        mailbox.progress.advance()
      } catch {
        notices.append(Notice(error.message, isError: true))
        nextScan = MonotonicClock.now() + interval * 10
      }
      if scanned {
        cgroups.resolve(scanner.owners, into: &records)
        lookAtCalls(into: &records)
        mailbox.progress.advance()
      }
      if scanned { waits.note(scanner.rings, at: MonotonicClock.now()) }
      let tookInventory = takeInventory(
        isFirst: scanned, isWanted: requests.wantsInventory, inspections: requests.inspections,
        into: &records, &notices)
      mailbox.progress.advance()
      if hasTriedInventory {
        lookAtWaits(of: waits.due(at: MonotonicClock.now()), into: &records, &notices)
      }
      mailbox.progress.advance()
      names.resolve(requests.names, rings: scanner.rings, into: &records)
      mailbox.progress.advance()
      cgroups.resolve(requests.names.compactMap(\.process), into: &records)
      // Sampling begins after the slow steps, so that the samples are close to each other.
      if scanned { lags.begin(scanner, at: MonotonicClock.now()) }
      lags.sample(at: MonotonicClock.now(), into: &records)
      noteUnreadable(&notices)
      if !records.isEmpty || !notices.isEmpty || !requests.suspects.isEmpty || tookInventory {
        mailbox.answer { answers in
          answers.records.append(records)
          answers.notices += notices
          if !requests.suspects.isEmpty { answers.isWalking = false }
          if tookInventory { answers.inventories += 1 }
        }
      }
      let now = MonotonicClock.now()
      let next = min(nextScan, lags.nextSample)
      mailbox.wake.wait(nanoseconds: next > now ? next - now : 1)
    }
  }

  /// Adds notices about the processes and files that could not be read.
  private mutating func noteUnreadable(_ notices: inout [Notice]) {
    for tgid in BoundedCall.takeUnreported() {
      let name = Procfs.comm(of: tgid) ?? "?"
      notices.append(
        Notice(
          "reading from \(name)/\(tgid) blocks: its threads, memory and symbols are missing",
          isError: true))
    }
    for name in userSymbols.takeUnread() {
      notices.append(
        Notice(
          "functions of \(name) are not named: a program serves its file system, and may not answer",
          isError: true))
    }
  }

  /// Reads the counts of system calls, and the process limits that can explain failed calls.
  private mutating func lookAtCalls(into records: inout RecordBuffer) {
    var counted = RecordBuffer()
    calls?.read(into: &counted)
    let callers = counted.failedCallers
    names.resolve(
      callers.map { .thread(tid: $0.tid, tgid: $0.tgid) }, rings: scanner.rings, into: &records)
    limits.read(scanner.owners + callers.map(\.tgid), into: &records)
    records.append(counted)
  }

  /// Takes an inventory after the first scan, and later when the user requests one. Returns true if
  /// it was taken or failed.
  private mutating func takeInventory(
    isFirst: Bool, isWanted: Bool, inspections: [SuspectRequest], into records: inout RecordBuffer,
    _ notices: inout [Notice]
  ) -> Bool {
    let isFirst = isFirst && !hasTriedInventory
    guard isFirst || isWanted || !inspections.isEmpty else { return false }
    // The records of the scan are delivered now, because loading the inventory's programs takes
    // long.
    mailbox.answer { $0.records.append(records) }
    records = RecordBuffer()
    do throws(ProbeError) {
      if !hasTriedInventory {
        hasTriedInventory = true
        inventory = try Inventory(
          configuration: configuration, kernel: kernel,
          ringFileOperations: scanner.ringFileOperations)
        // Returns the memory that the loads needed. Only the object of WaitSurvey may be loaded
        // later.
        cbpf_return_memory()
        // From now on malloc keeps up to 2 MiB of freed memory, enough for the ended requests of a
        // live snapshot. Fresh pages for them every second would cost more than copying them.
        cbpf_keep_memory(2 << 20)
      }
      guard inventory != nil else { return true }
      if isFirst || isWanted {
        let holders = try inventory!.run(
          Inventory.Scope(
            rings: scanner.rings.keys.sorted(), owners: scanner.owners,
            opcodes: filter.filter.opcodes,
            // With a filter on descriptors, the BPF programs exclude a ring until a scan has found
            // it. So a request without a recorded submission may be newer than the capture.
            observedSince: filter.filter.fds.isEmpty ? startTime : 0),
          into: &records)
        mailbox.progress.advance()
        names.resolve(
          records.subjects(limit: 512, holders: holders), rings: scanner.rings,
          into: &records)
        mailbox.progress.advance()
        fixedFiles = records.fixedFiles
        let inputs = records.inputs
        let waiting =
          records.parked(in: [.poll, .network], limit: 256)
          + records.parked(in: [.workRunning], limit: 256).filter { inputs[$0.base.req] != nil }
        FileInspector.look(
          at: waiting, inputs: inputs, fixedFiles, time: MonotonicClock.now(), into: &records)
        MemoryLook.look(at: records.parked(in: Self.usingMemory, limit: 4096), into: &records)
        waits.keep(records, of: scanner.rings.keys.sorted())
        if isWanted { try lookAtWaits(of: scanner.rings.keys.sorted(), into: &records) }
      }
      for inspection in inspections where scanner.rings[inspection.ring] != nil {
        try inventory!.run(
          Inventory.Scope(
            rings: [inspection.ring], observedSince: 0, request: inspection.request),
          into: &records)
        if let parked = records.parked(inspection.request) {
          FileInspector.look(
            at: [parked], inputs: records.inputs, fixedFiles, time: MonotonicClock.now(),
            into: &records)
        }
      }
    } catch {
      notices.append(
        Notice("requests older than uringtop are not listed: \(error.message)", isError: true))
    }
    return true
  }

  /// Searches for the causes of waits of rings that make no progress. Takes an inventory of those
  /// rings whose requests are not known yet.
  private mutating func lookAtWaits(
    of rings: [UInt64], into records: inout RecordBuffer, _ notices: inout [Notice]
  ) {
    guard !rings.isEmpty else { return }
    var rings = rings
    do throws(ProbeError) {
      let unlisted = waits.unlisted(of: rings)
      if inventory != nil, !unlisted.isEmpty {
        var found = RecordBuffer()
        let holders = try inventory!.run(
          Inventory.Scope(
            rings: unlisted, owners: scanner.owners, opcodes: filter.filter.opcodes,
            observedSince: filter.filter.fds.isEmpty ? startTime : 0),
          into: &found)
        names.resolve(
          found.subjects(limit: 256, holders: holders), rings: scanner.rings, into: &found)
        waits.keep(found, of: unlisted)
        records.append(found)
        rings = waits.worthALook(rings)
      }
      try lookAtWaits(of: rings, into: &records)
    } catch {
      notices.append(
        Notice("the causes of waits are not searched for: \(error.message)", isError: true))
    }
  }

  private mutating func lookAtWaits(
    of rings: [UInt64], into records: inout RecordBuffer
  ) throws(ProbeError) {
    try waits.look(
      at: rings, scanner.rings, configuration: configuration, kernel: kernel,
      ringOperations: scanner.ringFileOperations, ownEventfd: mailbox.wake.descriptor,
      into: &records)
  }
}
