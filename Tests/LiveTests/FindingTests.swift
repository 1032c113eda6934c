import Foundation
import ProbeSupport
import TestSupport
import Testing
import UringFindings
import UringTrace

extension LiveTests {
  /// Tests that `uringtop report` finds the faults of real programs, and finds no fault in the same
  /// programs' healthy variants.
  @Suite struct FindingTests {
    /// A rule, and a case of `fault_state` or `fault_flow` with a fault that the rule must find.
    struct Fault: Sendable, CustomStringConvertible {
      var tag: String
      var severity: String
      /// The `user_data` of the first request that the finding names.
      var named: String? = "0xbad"
      /// The case, if its name differs from the rule's.
      var program: String

      init(_ tag: String, _ severity: String, named: String? = "0xbad", program: String? = nil) {
        self.tag = tag
        self.severity = severity
        self.named = named
        self.program = program ?? tag
      }

      var description: String { program }
    }

    /// Faults that persist until their program ends.
    static let lasting = [
      Fault("hang", "crit"), Fault("waiting", "info"), Fault("stuck-request", "warn"),
      Fault("deadlock", "crit"), Fault("lost-wake", "warn"), Fault("stopped-process", "warn"),
      Fault("leaked-request", "warn"), Fault("leaked-request", "warn", program: "leaked-ring"),
      Fault("unreaped-cqes", "warn"),
      // These findings are about SQEs that the kernel has not taken from the SQ. Such SQEs are not
      // requests yet, so only the summary of the finding names them.
      Fault("unsubmitted-sqes", "warn", named: nil), Fault("sqpoll-stall", "crit", named: nil),
      Fault("sqpoll-idle", "warn"), Fault("drain-stall", "warn"),
      Fault("overlapping-memory", "warn"), Fault("implausible-value", "warn"),
      Fault("closed-descriptor", "warn"),
      Fault("withdrawn-buffer", "warn"), Fault("multishot-ended", "warn"),
      Fault("buffers-exhausted", "warn"), Fault("worker-fan-out", "warn"),
    ]

    /// Faults that have already happened when their program ends.
    static let passing = [
      Fault("cq-overflow", "warn"), Fault("broken-chain", "warn"), Fault("error-storm", "warn"),
      Fault("bad-memory", "warn"), Fault("group-condition", "warn"), Fault("open-link", "warn"),
      Fault("unexplained-error", "warn"), Fault("zero-progress", "warn"),
      Fault("slow-open", "info"),
      Fault("short-transfer", "warn", program: "short-write"),
      Fault("short-transfer", "warn", program: "short-read"), Fault("copied-send", "warn"),
      Fault("punt-storm", "warn"), Fault("hashed-work", "warn"), Fault("small-batches", "info"),
      Fault("many-submitters", "info"), Fault("no-defer-taskrun", "info"),
      Fault("no-registered-file", "info"),
    ]

    /// Faults that need a special kernel: scripts/vm-test-inventory makes them in guests.
    static let inGuests = ["uncommitted-block"]

    /// Faults made by programs of Tests/Cases. uringtop finds the fault of the last entry only if
    /// it attaches after the fault occurred.
    static let cases: [(tag: String, program: [String])] = [
      ("zero-copy-unread", ["sendzc_unread"]), ("buffer-twice", ["buffer_twice"]),
      ("reap-lag", ["reap_lag"]), ("stale-completion", ["stale_completion"]),
      ("leaked-request", ["leak_alone"]), ("single-issuer", ["single_issuer"]),
      ("batch-stopped", ["batch_stopped"]), ("buffers-exhausted", ["group_refused"]),
      ("deferred-work", ["defer_peek"]), ("ring-refused", ["ring_refused", "flags"]),
      ("failed-enter", ["ring_disabled"]), ("failed-registration", ["memlock_efault"]),
      ("worker-blocked", ["splice_worker"]), ("worker-affinity", ["worker_cpus"]),
      ("idle-workers", ["idle_workers"]), ("iowait", ["iowait"]),
      ("sqpoll-sleeps", ["sq_thread", "sleeps"]), ("sqpoll-starved", ["sq_thread", "starved"]),
      ("withdrawn-file", ["fixed_removed", "file"]),
      ("memory-in-flight", ["memory_in_flight", "mremap"]),
      ("unlisted-requests", ["sendzc_unread", "closed"]),
    ]

    @Test func everyRuleHasItsFault() {
      let tags = Set(
        (Self.lasting + Self.passing).map(\.tag) + Self.inGuests + Self.cases.map(\.tag))
      #expect(tags == Set(FindingRule.all.map(\.tag)))
    }

    @Test(arguments: lasting) func lastingFaultIsFound(_ fault: Fault) throws {
      try expect(fault, in: Self.faultyPrograms.get(), of: fault.program)
    }

    @Test(arguments: lasting) func silentWithoutALastingFault(_ fault: Fault) throws {
      let report = try Self.healthyPrograms.get()
      let found = report.findings.filter { $0.tag == fault.tag && report.comm($0) == fault.comm }
      #expect(found.isEmpty, "\(found)")
      // The report shows that uringtop observed the program.
      #expect(report.error.contains(fault.comm))
    }

    @Test(arguments: passing) func passingFaultIsFound(_ fault: Fault) throws {
      let report = try Report(["--", TestPrograms.path("fault_flow"), fault.program])
      #expect(report.status == 0)
      try expect(fault, in: report, of: "fault_flow")
    }

    @Test(arguments: passing) func silentWithoutAPassingFault(_ fault: Fault) throws {
      let report = try Report(["--", TestPrograms.path("fault_flow"), fault.program, "healthy"])
      #expect(report.status == 0)
      #expect(report.command?.status == 0)
      let found = report.findings.filter { $0.tag == fault.tag }
      #expect(found.isEmpty, "\(found)")
    }

    @Test(arguments: cases) func aCaseIsFoundAndItsHealthyTwinIsNot(
      tag: String, program: [String]
    ) async throws {
      let faulty = try Self.start(program)
      defer { faulty.kill() }
      let healthy = try Self.start(program + ["--healthy"])
      defer { healthy.kill() }
      // On a busy machine, one observation period can be too short for the rule. The fault
      // persists, so the test can observe the program again.
      let (process, twin) = (faulty.pid, healthy.pid)
      async let isFound = Self.finds(tag, in: process, attempts: 3)
      async let isFoundInTwin = Self.finds(tag, in: twin, attempts: 1)
      #expect(try await isFound)
      #expect(try await !isFoundInTwin)
    }

    private static func start(_ program: [String]) throws -> ChildProgram {
      let child = try TestPrograms.startCase(program[0], arguments: Array(program.dropFirst()))
      while let line = child.readLine(), !line.text.hasPrefix("READY") {}
      return child
    }

    private static func finds(_ tag: String, in process: UInt32, attempts: Int) throws -> Bool {
      for _ in 0..<attempts {
        let report = try Report(["--pid", "\(process)", "--duration", "6s"])
        if report.findings.contains(where: { $0.tag == tag }) { return true }
      }
      return false
    }

    private func expect(_ fault: Fault, in report: Report, of program: String) throws {
      let found = report.findings.filter {
        $0.tag == fault.tag && report.comm($0) == String(program.prefix(15))
      }
      try #require(!found.isEmpty, "\(report.findings.map(\.summary))")
      // A rule can have several findings. The first is the most severe.
      let finding = found[0]
      #expect(finding.severity == fault.severity)
      if let named = fault.named {
        #expect(finding.requests.first?.userData == named)
        #expect(finding.requestCount >= finding.requests.count)
      } else {
        #expect(finding.summary.contains("0xbad"))
      }
    }

    // MARK: Programs side by side

    /// A report on all cases of `lasting`. On a busy machine some faults begin late, so longer
    /// observation periods follow until one report has every fault.
    private static let faultyPrograms = Result {
      var report = try sideBySide(seconds: 7)
      for seconds in [20, 60] {
        let isComplete = lasting.allSatisfy { fault in
          report.findings.contains { $0.tag == fault.tag && report.comm($0) == fault.comm }
        }
        if isComplete { break }
        report = try sideBySide(seconds: seconds)
      }
      return report
    }
    private static let healthyPrograms = Result { try sideBySide("healthy", seconds: 7) }

    /// Observes all cases of `lasting` at the same time, each under its own process name.
    private static func sideBySide(_ option: String = "", seconds: Int) throws -> Report {
      let folder = try TemporaryFolder()
      let program = try TestPrograms.path("fault_state")
      var script = ""
      for fault in lasting {
        try FileManager.default.createSymbolicLink(
          atPath: folder.path(fault.program), withDestinationPath: program)
        script += "\(folder.path(fault.program)) \(fault.program) \(option) & "
        script += "echo \(fault.comm) >&2\n"
      }
      return try Report(["--duration", "\(seconds)s", "--", "sh", "-c", script + "wait"])
    }

    // MARK: Healthy programs

    /// fio has no fault, so no finding may have a severity above info.
    @Test(arguments: [
      ["--rw=randread", "--iodepth=16"], ["--rw=randread", "--iodepth=8", "--fixedbufs=1"],
      ["--rw=randread", "--iodepth=8", "--sqthread_poll=1", "--registerfiles=1"],
      ["--rw=randwrite", "--iodepth=4", "--registerfiles=1", "--direct=1"],
      ["--rw=randrw", "--iodepth=4", "--numjobs=2", "--nonvectored=0", "--direct=1"],
      ["--rw=write", "--iodepth=2", "--fsync=64", "--direct=1"],
    ])
    func fioIsWell(_ options: [String]) throws {
      let cries = try loudFindings(ofFio: options)
      #expect(cries.isEmpty, "\(cries)")
    }

    /// For buffered writes, the only findings above info may be that io-wq workers execute them
    /// (`punt-storm`), and one after the other (`hashed-work`), as on ext4.
    @Test(arguments: [
      ["--rw=randwrite", "--iodepth=4", "--registerfiles=1"],
      ["--rw=randrw", "--iodepth=4", "--numjobs=2", "--nonvectored=0"],
      ["--rw=write", "--iodepth=2", "--fsync=64"],
    ])
    func bufferedWritesOfFioGoToWorkersAtMost(_ options: [String]) throws {
      let cries = try loudFindings(ofFio: options)
      #expect(cries.allSatisfy { ["punt-storm", "hashed-work"].contains($0.tag) }, "\(cries)")
    }

    private func loudFindings(ofFio options: [String]) throws -> [Report.Finding] {
      let folder = try TemporaryFolder()
      let report = try Report(
        [
          "--", "fio", "--name=x", "--ioengine=io_uring", "--bs=4k", "--size=4m",
          "--filename=\(folder.path("data"))", "--output=/dev/null",
        ] + options)
      #expect(report.command?.status == 0, "\(report.error)")
      return report.findings.filter { $0.severity != "info" }
    }

    @Test func aWaitingServerIsNoMoreThanWaiting() throws {
      let report = try Report([
        "--duration", "5s", "--", TestPrograms.path("hang_poll"),
      ])
      #expect(report.findings.first?.tag == "waiting")
      #expect(Set(report.findings.map(\.tag)).isSubset(of: ["waiting", "iowait"]))
      #expect(report.findings.first?.requests.first?.opcode == "POLL_ADD")
    }
  }
}

extension LiveTests.FindingTests.Fault {
  /// The process name of the program that makes the fault: the kernel keeps 15 bytes.
  fileprivate var comm: String { String(program.prefix(15)) }
}

/// The document of `uringtop report --json`.
private struct Report {
  var status: Int32
  var error: String
  private var document: Document

  var findings: [Finding] { document.findings }
  var command: CommandEnding? { document.command }

  init(_ arguments: [String]) throws {
    let outcome = try Command.run(["report", "--json"] + arguments)
    status = outcome.status
    error = outcome.error
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    try #require(!outcome.output.isEmpty, "\(outcome.error)")
    document = try decoder.decode(Document.self, from: outcome.output)
  }

  /// Returns the name of the process that owns the finding's first ring.
  func comm(_ finding: Finding) -> String? {
    document.rings.first { $0.id == finding.rings.first }?.comm
  }

  private struct Document: Decodable {
    var findings: [Finding]
    var rings: [Ring]
    var command: CommandEnding?
  }

  struct Ring: Decodable {
    var id: UInt32
    var comm: String
  }

  struct CommandEnding: Decodable {
    var status: Int32?
  }

  struct Finding: Decodable {
    var tag: String
    var severity: String
    var summary: String
    var rings: [UInt32]
    var requestCount: Int
    var requests: [Request]

    struct Request: Decodable {
      var userData: String
      var opcode: String
    }
  }
}
