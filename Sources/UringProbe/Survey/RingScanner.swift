import BPFObjects
import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringSources
import UringTrace

/// Runs the BPF iterators that find rings, and those that detect requests that have ended
/// unnoticed.
struct RingScanner: ~Copyable {
  /// A process's descriptor of a ring.
  struct Holder: Hashable {
    var tgid: UInt32
    /// -1 if the ring is only in the task's table of registered rings.
    var fd: Int32
  }

  /// A ring as of the last scan.
  struct KnownRing {
    var sighting = probe_sighting()
    var holders: [Holder] = []
    /// Scheduler counters of the SQ thread; nil without an SQ thread, or if they are unknown.
    var sqThread: ScheduledThread?
    /// Milliseconds for which the SQ thread polls without work before it sleeps; 0 if unknown.
    var sqThreadIdle: UInt32 = 0
    /// Time of the last scan that found the ring; before the first such scan, the creation time.
    var lastSeen: UInt64
    /// The scans that have missed the ring since a scan last found it.
    var missing = MissingRing()
  }

  private var object: BPFObject
  private let iterators: Iterators
  private let suspectTable: MappedArray
  /// `f_op` of ring files.
  let ringFileOperations: UInt64
  private(set) var rings: [UInt64: KnownRing] = [:]
  private var pools = WorkerPools()
  private var jiffies = JiffyClock()
  /// True if the last scan missed a ring for the first time. Another scan must soon show whether
  /// the ring was closed.
  private(set) var hasDoubts = false
  /// CPU time of the last scan in nanoseconds.
  private(set) var lastScanCost: UInt64 = 0

  /// Processes that have a ring open or registered.
  var owners: [UInt32] {
    Set(rings.values.flatMap { $0.holders.map(\.tgid) }).subtracting([0]).sorted()
  }

  private struct Iterators {
    var find: BPFObject.Iterator
    var findRegistered: BPFObject.Iterator
    var findFree: BPFObject.Iterator
    var findFreeRegistered: BPFObject.Iterator
    var listBuffers: BPFObject.Iterator
    var listRegisteredBuffers: BPFObject.Iterator
    var listWorkers: BPFObject.Iterator
  }

  /// Loads the iterators. `ownRing` is a ring of this process: its `f_op` identifies ring files.
  init(
    configuration: probe_config, kernel: KernelBTF, ownRing: Int32,
    capture: borrowing CaptureObject
  ) throws(ProbeError) {
    var object = try BPFObject(.rings, kernel.relocationTypes)
    try object.configure(configuration)
    try object.share(CaptureObject.outputMaps, of: capture)
    try object.load(on: kernel)
    let learn = try object.attachIterator("learn_file_operations")
    let iterators = Iterators(
      find: try object.attachIterator("find_rings"),
      findRegistered: try object.attachIterator("find_registered_rings"),
      findFree: try object.attachIterator("find_free"),
      findFreeRegistered: try object.attachIterator("find_free_registered"),
      listBuffers: try object.attachIterator("list_buffers"),
      listRegisteredBuffers: try object.attachIterator("list_registered_buffers"),
      listWorkers: try object.attachIterator("list_workers"))
    let suspectTable = try MappedArray(
      descriptor: object.mapDescriptor("suspects"), size: MemoryLayout<probe_suspects>.size)

    guard let offset = object.offset(of: "ring_file_operations", in: ".bss") else {
      throw ProbeError(.system, "the BPF object rings has no ring_file_operations")
    }
    let variables = try MappedArray(
      descriptor: object.mapDescriptor(".bss"), size: Int(getpagesize()))
    var output: [UInt8] = []
    try learn.run(into: &output)
    guard let operations = Self.fileOperations(of: ownRing, in: output) else {
      throw ProbeError(.system, "cannot identify ring files")
    }
    variables.words(from: offset, count: 1)[0] = operations
    ringFileOperations = operations
    self.object = object
    self.iterators = iterators
    self.suspectTable = suspectTable
  }

  /// Returns the `f_op` of a descriptor. The output consists of pairs of `f_op` and descriptor, 64
  /// bits each.
  private static func fileOperations(of descriptor: Int32, in output: [UInt8]) -> UInt64? {
    output.withUnsafeBytes { bytes in
      for offset in stride(from: 0, to: bytes.count - 15, by: 16)
      where bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) == descriptor {
        return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
      return nil
    }
  }

  /// Returns an iterator over the rings that one process has open; it reports a `probe_sighting`
  /// for each.
  func iterator(overProcess tgid: UInt32) throws(ProbeError) -> BPFObject.TemporaryIterator {
    try object.temporaryIterator("find_rings", tgid: tgid)
  }

  /// Adds a ring whose creation a tracepoint has recorded, so that scans detect its close even if
  /// none has found it before.
  mutating func noteCreation(of ring: UInt64, at time: UInt64) {
    rings[ring] = KnownRing(lastSeen: time)
  }

  /// Scans all tasks for rings, and writes the changes of the rings that pass the filter.
  mutating func scan(
    filter: RingFilter, capture: borrowing CaptureObject, into records: inout RecordBuffer
  ) throws(ProbeError) {
    let (start, cost) = (MonotonicClock.now(), clockTime(CLOCK_THREAD_CPUTIME_ID))
    var output: [UInt8] = []
    try iterators.find.run(into: &output)
    try iterators.findRegistered.run(into: &output)

    var found: [UInt64: KnownRing] = [:]
    output.withUnsafeBytes { bytes in
      let size = MemoryLayout<probe_sighting>.size
      for offset in stride(from: 0, through: bytes.count - size, by: size) {
        let sighting = bytes.loadUnaligned(fromByteOffset: offset, as: probe_sighting.self)
        found[sighting.ctx, default: KnownRing(lastSeen: start)].add(sighting)
      }
    }

    var unlisted: [UInt64] = []
    for (address, ring) in found.sorted(by: { $0.key < $1.key }) {
      guard filter.judge(ring, address: address, capture: capture) else {
        // The ring that was known at this address was closed. A ring that does not pass the filter
        // has reused its memory.
        if rings[address] != nil {
          records.append(record_ring_closed.self, at: start, ring: address)
        }
        rings[address] = nil
        continue
      }
      var ring = ring
      ring.sqThread = ScheduledThread(ring.sighting.sq_thread_tid)
      if let known = rings[address], let earlier = known.sqThread {
        ring.sqThread?.follow(earlier, after: start.since(known.lastSeen))
      }
      jiffies.note(ring.sighting.jiffies, at: start)
      ring.sqThreadIdle = jiffies.milliseconds(ring.sighting.sq_thread_idle)
      // The buffer table is listed only once: tracepoints record its later changes.
      if rings[address] == nil, ring.sighting.nr_bufs > 0 { unlisted.append(address) }
      if rings[address]?.isSame(as: ring) != true { ring.write(to: &records, at: start) }
      if rings[address]?.isAsFull(as: ring) != true || rings[address]!.missing.isMissing {
        ring.writeDepth(to: &records, at: start)
      }
      if rings[address]?.isServed(as: ring) != true { ring.writeThread(to: &records, at: start) }
      rings[address] = ring
    }
    try listBuffers(of: unlisted)
    try listWorkers(at: start, into: &records)
    hasDoubts = false
    for address in rings.keys where found[address] == nil && rings[address]!.lastSeen < start {
      miss(address, scanStart: start, into: &records)
    }
    records.append(record_ring_scan.self, at: start) { _ in }
    lastScanCost = clockTime(CLOCK_THREAD_CPUTIME_ID) - cost
  }

  /// Counts the io-wq workers of processes that have rings.
  private mutating func listWorkers(
    at time: UInt64, into records: inout RecordBuffer
  ) throws(ProbeError) {
    guard !rings.isEmpty else { return }
    var output: [UInt8] = []
    try iterators.listWorkers.run(into: &output)
    let size = MemoryLayout<probe_worker>.size
    let workers = output.withUnsafeBytes { bytes in
      stride(from: 0, through: bytes.count - size, by: size).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: probe_worker.self)
      }
    }
    pools.note(workers, of: owners, at: time, into: &records)
  }

  private mutating func miss(
    _ address: UInt64, scanStart: UInt64, into records: inout RecordBuffer
  ) {
    let report = rings[address]!.missing.note(scanStart)
    if report != .nothing {
      records.append(record_ring_scan.self, at: scanStart, ring: address) { _ in }
    }
    switch report {
    case .nothing: break
    case .missed: hasDoubts = true
    case .closed(let time): records.append(record_ring_closed.self, at: time, ring: address)
    }
    if rings[address]!.missing.isReported { rings[address] = nil }
  }

  /// Makes BPF iterators write records of the rings' buffer tables to the record buffer, so that
  /// they are in order with the tracepoints' records.
  private func listBuffers(of addresses: [UInt64]) throws(ProbeError) {
    let wanted = suspectTable.words(from: 0, count: Int(PROBE_SUSPECT_RINGS))
    var rest = addresses[...]
    while !rest.isEmpty {
      let some = rest.prefix(wanted.count)
      rest = rest.dropFirst(wanted.count)
      for (place, address) in some.enumerated() { wanted[place] = address }
      defer { for place in 0..<some.count { wanted[place] = 0 } }
      var nothing: [UInt8] = []
      try iterators.listBuffers.run(into: &nothing)
      try iterators.listRegisteredBuffers.run(into: &nothing)
    }
  }

  /// Runs the BPF iterators over the rings' lists of free requests, and appends a record for each
  /// suspect on such a list, which must have ended. Returns false if a suspect's ring no longer
  /// exists.
  mutating func walk(
    _ suspects: [SuspectRequest], into records: inout RecordBuffer
  ) throws(ProbeError) -> Bool {
    let ringWords = suspectTable.words(from: 0, count: Int(PROBE_SUSPECT_RINGS))
    let slots = suspectTable.words(
      from: MemoryLayout<UInt64>.size * Int(PROBE_SUSPECT_RINGS), count: Int(PROBE_SUSPECT_SLOTS))
    var used: [(slot: Int, ring: UInt64)] = []
    var ringCount = 0
    var isListed: Set<UInt64> = []
    for suspect in suspects {
      if !isListed.contains(suspect.ring) {
        guard ringCount < ringWords.count else { continue }
        ringWords[ringCount] = suspect.ring
        ringCount += 1
        isListed.insert(suspect.ring)
      }
      let home = tableHome(suspect.request, bits: UInt32(PROBE_SUSPECT_BITS))
      for probe in 0..<Int(PROBE_SUSPECT_PROBES) {
        let slot = (home + probe) % slots.count
        guard slots[slot] == 0 else { continue }
        slots[slot] = suspect.request
        used.append((slot, suspect.ring))
        break
      }
    }
    defer {
      for index in 0..<ringCount { ringWords[index] = 0 }
      for (slot, _) in used { slots[slot] = 0 }
    }
    let start = MonotonicClock.now()
    var output: [UInt8] = []
    try iterators.findFree.run(into: &output)
    try iterators.findFreeRegistered.run(into: &output)
    for (slot, ring) in used where slots[slot] & 1 == 1 {
      records.append(record_freed.self, at: start, ring: ring, request: slots[slot] & ~1)
    }
    return ringWords[..<ringCount].allSatisfy { $0 & 1 == 1 }
  }
}

/// Applies the filter to rings that scans find.
struct RingFilter: Sendable {
  var filter: Filter
  var includesDescendants: Bool

  /// Returns true if the ring passes the filter, and stores the verdict for the BPF programs.
  ///
  /// A ring that has passed once continues to pass. The table also contains the programs' own
  /// verdicts on all rings created since they were attached.
  func judge(
    _ ring: RingScanner.KnownRing, address: UInt64, capture: borrowing CaptureObject
  ) -> Bool {
    guard filter.restrictsRings else { return true }
    let verdict = capture.verdict(on: address)
    if verdict == true { return true }
    let passes = ring.holders.contains { matches($0, of: ring) }
    if passes || verdict == nil { capture.judge(ring: address, passes: passes) }
    return passes
  }

  private func matches(_ holder: RingScanner.Holder, of ring: RingScanner.KnownRing) -> Bool {
    let comm =
      holder.tgid == ring.sighting.tgid
      ? CString.decode(textBytes(of: ring.sighting.comm))
      : filter.comms.isEmpty
        ? "" : Procfs.text("/proc/\(holder.tgid)/comm")?.trimmingNewline() ?? ""
    if filter.matches(tgid: holder.tgid, comm: comm, fd: holder.fd) { return true }
    guard includesDescendants, !filter.pids.isEmpty else { return false }
    var ancestor = holder.tgid
    for _ in 0..<16 {
      guard let parent = Procfs.parent(of: ancestor), parent > 1 else { return false }
      if filter.matches(tgid: parent, comm: comm, fd: holder.fd) { return true }
      ancestor = parent
    }
    return false
  }
}
