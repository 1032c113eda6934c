import BPFObjects
import CBPF
import CProbe
import CRecord
import Glibc
import UringBase

/// The BPF programs on io_uring's tracepoints, loaded and attached.
struct CaptureObject: ~Copyable {
  private var object: BPFObject
  /// The reader of the programs' records; nil once ``takeReader()`` has returned it.
  private var reader: TransportReader?
  /// The position at which the programs wake the reader thread: the next record, or a number of
  /// chunks taken.
  let wakePosition: WakePosition
  /// The table of verdicts: which rings pass the filter (`probe_verdicts`). The programs write
  /// verdicts on new rings, user space on rings found by scans.
  private let verdictTable: MappedArray
  /// Tracepoints that this kernel lacks or refused, with the reason.
  let absent: [String: String]

  /// Every io_uring tracepoint with the programs that can be attached to it. The first program
  /// whose parameter count equals that of the kernel's tracepoint is used.
  ///
  /// The programs are attached in this order. Ends come before submissions: if a submission is
  /// recorded, the request's end will be, too. `create` comes last: if it is recorded, so are all
  /// requests of the ring.
  static let tracepoints: [(name: String, programs: [(name: String, parameters: Int)])] = [
    // From 6.17 on the tracepoint passes a pointer to the CQE, before 6.17 the values of the CQE.
    ("complete", [("complete_cqe", 3), ("complete_values", 7)]),
    ("cqe_overflow", [("cqe_overflow", 5)]),
    ("req_failed", [("req_failed", 3)]),
    ("queue_async_work", [("queue_async_work", 2)]),
    ("poll_arm", [("poll_arm", 3)]),
    ("task_add", [("task_add", 2)]),
    ("defer", [("defer", 1)]),
    ("link", [("link", 2)]),
    ("fail_link", [("fail_link", 2)]),
    ("short_write", [("short_write", 4)]),
    ("file_get", [("file_get", 2)]),
    ("cqring_wait", [("cqring_wait", 2)]),
    // 6.1 passes the number of loops as a third parameter.
    ("task_work_run", [("task_work_run", 2), ("task_work_run_loops", 3)]),
    ("local_work_run", [("local_work_run", 3)]),
    ("register", [("register_", 5)]),
    ("submit_req", [("submit_req", 1)]),
    // The name of submit_req on 6.1.
    ("submit_sqe", [("submit_sqe", 2)]),
    ("create", [("create", 5)]),
  ]

  /// Tracepoints that report the submission of a request; a kernel has one of them.
  private static let submissions: Set<String> = ["submit_req", "submit_sqe"]

  /// Tracepoints expected on this kernel, which has either `submit_req` or `submit_sqe`.
  static func tracepointNames(for kernel: KernelBTF) -> [String] {
    let other = kernel.tracepointParameters["submit_req"] == nil ? "submit_req" : "submit_sqe"
    return tracepoints.map(\.name).filter { $0 != other }
  }

  /// Returns the name of the program whose parameter count equals that of the kernel's tracepoint;
  /// nil if there is none.
  static func fittingProgram(for tracepoint: String, in kernel: KernelBTF) -> String? {
    let parameters = kernel.tracepointParameters[tracepoint]
    return tracepoints.first { $0.name == tracepoint }?
      .programs.first { $0.parameters == parameters }?.name
  }

  static func lostWithout(_ tracepoint: String) -> String {
    switch tracepoint {
    case "create": "new rings appear only at the next scan"
    case "register": "calls of io_uring_register"
    case "submit_req", "submit_sqe", "complete": "live capture"
    case "file_get": "the time at which a request's file is looked up"
    case "queue_async_work": "hand-over to worker threads"
    case "poll_arm": "waiting for readiness"
    case "task_add": "wake-ups"
    case "defer": "requests held back by a drain"
    case "link": "link chains"
    case "fail_link": "which requests a broken chain cancelled"
    case "cqe_overflow": "completions that found the CQ full"
    case "req_failed": "requests refused in preparation"
    case "cqring_wait": "waits for completions"
    case "task_work_run", "local_work_run": "runs of task work"
    case "short_write": "short writes"
    default: ""
    }
  }

  /// One line for each tracepoint that is not observed: the reason, and the data that is lost.
  var refusals: [String] {
    absent.sorted { $0.key < $1.key }.map { name, reason in
      "\(name) is not observed: \(reason); lost: \(Self.lostWithout(name))"
    }
      + (twinRefusal.map {
        ["events are missed while a program is preempted, and count as lost: \($0)"]
      } ?? [])
  }

  /// Name of the map with the variables shared by the programs and the reader thread.
  static let readerMap = ".data.reader"
  /// Name of the map with the verdicts: which rings pass the filter.
  static let verdictMap = ".data.verdicts"
  /// Names of the maps that are shared by all BPF objects whose programs write records.
  static let outputMaps = TransportMemory.maps + ["wakeups", "losses", readerMap]

  /// Loads and attaches the programs that this kernel supports.
  init(
    configuration: probe_config, kernel: KernelBTF, chunks: ChunkMapMaker
  ) throws(ProbeError) {
    var missing: [String: String] = [:]
    var chosen: [(tracepoint: String, program: String)] = []
    let expected = Self.tracepointNames(for: kernel)
    let hasTwins = kernel.hasPreemptibleTracepoints
    var twinRefusal: String?
    for tracepoint in Self.tracepoints.map(\.name) {
      if let fitting = Self.fittingProgram(for: tracepoint, in: kernel) {
        chosen.append((tracepoint, fitting))
        if hasTwins, let twin = Self.twins[fitting] { chosen.append((tracepoint, twin)) }
      } else if expected.contains(tracepoint) {
        missing[tracepoint] = "this kernel does not have it, or has it with other parameters"
      }
    }
    guard chosen.contains(where: { Self.submissions.contains($0.tracepoint) }),
      chosen.contains(where: { $0.tracepoint == "complete" })
    else {
      throw ProbeError(
        .unsupportedKernel,
        "this kernel's io_uring tracepoints are not those of 6.1 or later (kernel "
          + "\(KernelRelease.currentText))")
    }
    let chunkMap = try chunks.map()
    var wanted = Set(chosen.map(\.program))
    var refused: [String: ProbeError] = [:]
    var object = try BPFObject.load(
      .capture, on: kernel, &wanted, refused: &refused,
      isOptional: { name in
        chosen.contains { $0.program == name && !Self.isNeeded($0.tracepoint, program: name) }
      },
      prepare: { object throws(ProbeError) in
        try object.configure(configuration)
        if configuration.takes_stacks != 0 {
          object.setEntries(UInt32(LiveSession.mostStacks), of: "user_stacks")
        }
        try object.share(TransportMemory.chunkMap, descriptor: chunkMap)
      })
    for (tracepoint, program) in chosen {
      guard let error = refused[program] else { continue }
      if Self.twins.values.contains(program) {
        twinRefusal = error.message
      } else {
        missing[tracepoint] = error.message
      }
    }
    let memory = try TransportMemory(of: object, chunkCount: chunks.count)
    let absent = try Self.attach(
      chosen.filter { wanted.contains($0.program) }, of: &object, besides: missing, &twinRefusal)
    let verdictTable = try MappedArray(
      descriptor: object.mapDescriptor(Self.verdictMap), size: MemoryLayout<probe_verdicts>.size)
    let wakePosition = try WakePosition(
      descriptor: object.mapDescriptor(Self.readerMap), wakeups: object.mapDescriptor("wakeups"))
    self.absent = absent
    reader = TransportReader(memory: memory)
    self.verdictTable = verdictTable
    self.wakePosition = wakePosition
    self.object = object
    self.hasTwins = hasTwins && twinRefusal == nil
    self.twinRefusal = twinRefusal
  }

  /// Attaches the programs and returns the tracepoints that are not observed, with the reason. If
  /// the kernel refuses a program, only the data of its tracepoint is lost; fails if capture needs
  /// it.
  private static func attach(
    _ chosen: [(tracepoint: String, program: String)], of object: inout BPFObject,
    besides missing: [String: String], _ twinRefusal: inout String?
  ) throws(ProbeError) -> [String: String] {
    var absent = missing
    for (tracepoint, program) in chosen {
      do {
        try object.attach(program)
      } catch {
        if isNeeded(tracepoint, program: program) { throw error }
        if twins.values.contains(program) {
          twinRefusal = error.message
        } else {
          absent[tracepoint] = error.message
        }
      }
    }
    return absent
  }

  /// True if capture cannot work without the program: the program reports the start or end of
  /// requests, and is not a twin (``twins``).
  private static func isNeeded(_ tracepoint: String, program: String) -> Bool {
    (tracepoint == "complete" || submissions.contains(tracepoint))
      && !twins.values.contains(program)
  }

  /// Programs with a twin: a second program that handles an event if the kernel skipped the first
  /// program (twins.h). Values are the twins' names.
  private static let twins: [String: String] = [
    "submit_req": "submit_req_twin", "complete_cqe": "complete_cqe_twin",
  ]

  private let hasTwins: Bool
  /// Reason why the kernel refused a twin; nil if it refused none.
  private let twinRefusal: String?

  /// Returns an upper bound on the number of events for which no program ran.
  func missedRuns() -> UInt64 {
    // The first program's missed runs must be read before the twins' counter: the first program
    // misses an event before the twin handles it.
    let missed = object.missedRuns()
    return Self.missedEvents(
      missed, twins: hasTwins ? Self.twins : [:], handledBySecond: object.value(of: ".data.twins"))
  }

  /// Returns an upper bound on the number of events for which no program ran.
  ///
  /// If two programs handle the same events (a program and its twin), an event is missed only if
  /// neither of them ran. The twin's own missed runs do not count, because the first program may have
  /// run for those events.
  ///
  /// - Parameters:
  ///   - missed: skipped runs by program.
  ///   - twins: the twin of each program that has one.
  ///   - handledBySecond: events that a twin handled because the first program did not run.
  static func missedEvents(
    _ missed: [String: UInt64], twins: [String: String], handledBySecond: UInt64
  ) -> UInt64 {
    let seconds = Set(twins.values)
    var (alone, first): (UInt64, UInt64) = (0, 0)
    for (program, count) in missed where !seconds.contains(program) {
      if twins[program] == nil { alone &+= count } else { first &+= count }
    }
    return alone &+ (first > handledBySecond ? first - handledBySecond : 0)
  }

  /// Returns the reader of the records; fails on the second call.
  mutating func takeReader() throws(ProbeError) -> TransportReader {
    guard let reader = reader.take() else {
      throw ProbeError(.system, "the records already have a reader")
    }
    return reader
  }

  func mapDescriptor(_ name: String) -> Int32 { object.mapDescriptor(name) }

  /// Returns the number of records lost so far because the record buffer was full, of all kinds and
  /// on all CPUs.
  func lostRecords() -> UInt64 {
    let descriptor = object.mapDescriptor("losses")
    let processors = Processors.possible
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: processors) { counts in
      var total: UInt64 = 0
      for kind in UInt32(RecordKind.create.rawValue)..<128 {
        var key = kind
        guard bpf_map_lookup_elem(descriptor, &key, counts.baseAddress) == 0 else { continue }
        for processor in 0..<processors { total &+= counts[processor] }
      }
      return total
    }
  }

  /// Sets whether a ring passes the filter from now on. `ring` is the address of its `io_ring_ctx`.
  func judge(ring: UInt64, passes: Bool) {
    let table = verdictTable.words(from: 0, count: Int(PROBE_VERDICT_SLOTS))
    let home = tableHome(ring, bits: UInt32(PROBE_VERDICT_BITS))
    var place = home
    for probe in 0..<Int(PROBE_VERDICT_PROBES) {
      let slot = (home + probe) % table.count
      if table[slot] == 0 || table[slot] & ~1 == ring {
        place = slot
        break
      }
    }
    table[place] = ring | (passes ? 1 : 0)
  }

  /// Returns true if a ring passes the filter, as decided by the BPF programs or by user space; nil
  /// if neither has decided yet.
  func verdict(on ring: UInt64) -> Bool? {
    let table = verdictTable.words(from: 0, count: Int(PROBE_VERDICT_SLOTS))
    let home = tableHome(ring, bits: UInt32(PROBE_VERDICT_BITS))
    for probe in 0..<Int(PROBE_VERDICT_PROBES) {
      let entry = table[(home + probe) % table.count]
      if entry & ~1 == ring && entry != 0 { return entry & 1 == 1 }
      if entry == 0 { return nil }
    }
    return nil
  }
}

/// Returns the first slot to probe for a pointer in an open-addressed table of 2^`bits` slots:
/// `PROBE_HASH` of bpf/include/probe.h.
func tableHome(_ pointer: UInt64, bits: UInt32) -> Int {
  Int((UInt32(truncatingIfNeeded: pointer) >> 6 &* 0x9E37_79B1) >> (32 - bits))
}
