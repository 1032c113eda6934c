import UringTrace

extension FindingRule {
  static let ringRefused = FindingRule(
    "ring-refused", .spanOfSystemCalls(concernsProcesses: true),
    meaning:
      "io_uring_setup failed, and the process has created no ring since: it works without io_uring, or "
      + "not at all.",
    cure: "See io_uring_setup(2) for the error."
  ) { evidence in
    let calls = evidence.snapshot.systemCalls.filter { $0.call == .setup }
    return calls.compactMap { failed in
      let later = calls.contains {
        $0.tgid == failed.tgid && $0 != failed && $0.lastTime > failed.lastTime
      }
      let hasRing = evidence.rings.contains {
        $0.ownerTgid == failed.tgid && $0.firstTime > failed.lastTime
      }
      guard failed.result < 0, evidence.isInSpan(failed), !later, !hasRing else { return nil }
      let refusal = Refusal(failed, evidence.snapshot)
      let flags = SetupFlags(rawValue: failed.flags).names
      return Sighting(
        severity: .warn, rings: [],
        summary: evidence.words(failed)
          + " (process \(failed.tgid), \(failed.argument) entries, flags "
          + "\(flags.isEmpty ? "0" : flags.joined(separator: "|")))"
          + (refusal.map { ": \($0.cause)" } ?? ""),
        numbers: [
          .init("failed_calls", failed.count), .init("entries", failed.argument),
          .init("setup_flags", failed.flags),
        ], processes: [failed.tgid], cure: refusal?.cure)
    }
  }
}

extension SystemCalls {
  /// The reason why the calls failed; nil if nothing but their result is known.
  package func cause(in snapshot: Snapshot) -> String? {
    guard result < 0 else { return nil }
    if let refusal = Refusal.byFilter(self) { return refusal.cause }
    switch call {
    case .setup: return Refusal(self, snapshot)?.cause
    case .enter: return error.flatMap { FindingRule.enterFailures[$0] }?.cause
    case .register: return nil
    }
  }
}

/// The reason why `io_uring_setup` failed, and the cure.
private struct Refusal {
  var cause: String
  var cure: String

  /// The refusal by a seccomp filter; nil unless a filter refused the calls.
  static func byFilter(_ calls: SystemCalls) -> Refusal? {
    guard !calls.isEntered, calls.isFiltered else { return nil }
    return Refusal(
      "a seccomp filter of the thread refuses it before it reaches io_uring",
      "Allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp filter (of the container: its "
        + "seccomp profile).")
  }

  init?(_ calls: SystemCalls, _ snapshot: Snapshot) {
    let limits = snapshot.processLimits[calls.tgid]
    if let refusal = Self.byFilter(calls) {
      self = refusal
      return
    }
    switch calls.error?.name {
    case "EINVAL":
      let parameters = SetupParameters(calls)
      guard let flaw = parameters.flaw(on: snapshot.host.kernel) else { return nil }
      self = Refusal(flaw.cause, flaw.cure)
    case "EPERM":
      guard let disabled = limits?.disabled, disabled > 0 else { return nil }
      let group = limits?.group.map { " or the group \($0)" } ?? ""
      self.init(
        disabled == 1
          ? "kernel.io_uring_disabled is 1: only processes with CAP_SYS_ADMIN\(group) may create rings"
          : "kernel.io_uring_disabled is \(disabled): nobody may create rings",
        disabled == 1
          ? "Add the process to the group of kernel.io_uring_group, or set kernel.io_uring_disabled to 0."
          : "Set kernel.io_uring_disabled to 0 (sysctl).")
    case "EMFILE":
      self.init(
        "the process has as many descriptors open as RLIMIT_NOFILE allows"
          + (limits?.files.map { " (\($0))" } ?? ""),
        "Raise RLIMIT_NOFILE, or close descriptors.")
    case "ENFILE":
      self.init(
        "the machine has as many files open as fs.file-max allows", "Raise fs.file-max (sysctl).")
    case "ENOMEM":
      self.init(
        "there is no memory for queues of this size",
        "Ask for fewer entries, or give the process's cgroup more memory.")
    case "ENOSYS":
      self.init("this kernel is built without io_uring", "Use a kernel with CONFIG_IO_URING.")
    case "EFAULT":
      self.init(
        "the address of its parameters is not mapped",
        "Pass the address of a struct io_uring_params.")
    default: return nil
    }
  }

  private init(_ cause: String, _ cure: String) {
    (self.cause, self.cure) = (cause, cure)
  }
}

/// Checks the arguments of `io_uring_setup` as the kernel does (io_uring_sanitise_params and
/// io_uring_fill_params in io_uring/io_uring.c of Linux 7.3).
private struct SetupParameters {
  private let flags: SetupFlags
  private let entries: UInt32
  private let cqEntries: UInt32

  init(_ calls: SystemCalls) {
    flags = SetupFlags(rawValue: calls.flags)
    entries = calls.argument
    cqEntries = calls.minimum
  }

  /// Flags, each with the first kernel release that has it.
  private static let ages: [(flag: SetupFlags, major: Int, minor: Int)] = [
    (.singleIssuer, 6, 0), (.deferTaskrun, 6, 1), (.noMmap, 6, 5), (.registeredOnly, 6, 5),
    (.noSQArray, 6, 6), (.hybridIOPoll, 6, 13), (.cqeMixed, 6, 18), (.sqeMixed, 6, 19),
    (.sqRewind, 7, 0),
  ]

  /// Flags, each with other flags of which it needs at least one.
  private static let needs: [(flag: SetupFlags, others: SetupFlags)] = [
    (.sqRewind, .noSQArray), (.registeredOnly, .noMmap),
    (.taskrunFlag, [.coopTaskrun, .deferTaskrun]),
    (.hybridIOPoll, .ioPoll), (.deferTaskrun, .singleIssuer), (.sqAffinity, .sqPoll),
  ]
  /// Flags, each with other flags with which it must not be combined.
  private static let excludes: [(flag: SetupFlags, others: SetupFlags)] = [
    (.sqPoll, [.sqRewind, .coopTaskrun, .taskrunFlag, .deferTaskrun]), (.cqe32, .cqeMixed),
    (.sqe128, .sqeMixed),
  ]

  func flaw(on kernel: String) -> (cause: String, cure: String)? {
    // Checked first: if the kernel is too old for a flag, its combination with other flags is not
    // the cause.
    let version = kernel.split(separator: ".").prefix(2).compactMap { part in
      Int(part.prefix { $0.isNumber })
    }
    for age in Self.ages where flags.contains(age.flag) && version.count == 2 {
      guard (version[0], version[1]) < (age.major, age.minor) else { continue }
      return (
        "\(Self.name(age.flag)) is of \(age.major).\(age.minor), and this kernel is \(kernel)",
        "Leave \(Self.name(age.flag)) out on kernels that refuse it."
      )
    }
    for rule in Self.needs where flags.contains(rule.flag) && flags.isDisjoint(with: rule.others) {
      let others = rule.others.names.map { "IORING_SETUP_\($0)" }.joined(separator: " or ")
      return (
        "\(Self.name(rule.flag)) needs \(others)",
        "Add \(others), or leave \(Self.name(rule.flag)) out."
      )
    }
    for rule in Self.excludes where flags.contains(rule.flag) {
      let others = flags.intersection(rule.others)
      guard !others.isEmpty else { continue }
      return (
        "\(Self.name(rule.flag)) excludes \(Self.name(others))",
        "Leave one of \(Self.name(rule.flag)) and \(Self.name(others)) out."
      )
    }
    return sizeFlaw
  }

  private var sizeFlaw: (cause: String, cure: String)? {
    let (mostEntries, mostCQEntries): (UInt32, UInt32) = (32768, 65536)
    if entries == 0 { return ("it asks for 0 entries", "Ask for 1 to \(mostEntries).") }
    let clamps = flags.contains(.clamp)
    if entries > mostEntries, !clamps {
      return (
        "it asks for \(entries) entries, and \(mostEntries) is the most",
        "Ask for fewer, or set IORING_SETUP_CLAMP."
      )
    }
    guard flags.contains(.cqSize) else { return nil }
    if cqEntries == 0 { return ("with CQSIZE it asks for 0 cq_entries", "Set cq_entries.") }
    if cqEntries > mostCQEntries, !clamps {
      return (
        "it asks for \(cqEntries) cq_entries, and \(mostCQEntries) is the most",
        "Ask for fewer, or set IORING_SETUP_CLAMP."
      )
    }
    if cqEntries <= mostCQEntries, entries <= mostEntries,
      Self.roundedUp(cqEntries) < Self.roundedUp(entries)
    {
      return (
        "it asks for fewer cq_entries (\(cqEntries)) than entries (\(entries))",
        "Ask for at least as many cq_entries."
      )
    }
    return nil
  }

  private static func roundedUp(_ value: UInt32) -> UInt32 {
    value <= 1 ? value : 1 << (32 - UInt32((value - 1).leadingZeroBitCount))
  }

  private static func name(_ flags: SetupFlags) -> String {
    flags.names.map { "IORING_SETUP_\($0)" }.joined(separator: " and ")
  }
}
