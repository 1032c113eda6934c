import UringTrace

/// A condition to look for: a pure function of the evidence. docs/findings.md describes each rule.
///
/// To add a rule, write its value in a file of its own, and add an entry in ``all`` and a section
/// in docs/findings.md.
public struct FindingRule: Sendable {
  /// Stable name, in kebab case.
  public let tag: String
  public let scope: RuleScope
  /// The meaning of a finding, in one sentence.
  public let meaning: String
  /// Advice, in one sentence.
  public let cure: String
  private let look: @Sendable (Evidence) -> [Sighting]

  init(
    _ tag: String, _ scope: RuleScope = .span, meaning: String, cure: String,
    look: @escaping @Sendable (Evidence) -> [Sighting]
  ) {
    self.tag = tag
    self.scope = scope
    self.meaning = meaning
    self.cure = cure
    self.look = look
  }

  /// The facts that a rule found. Combined with the rule's texts, they become a ``Finding``.
  struct Sighting {
    var severity: Finding.Severity
    var rings: [Ring.ID]
    var requests: [Request.ID] = []
    /// Number of requests concerned, if ``requests`` does not list all of them.
    var requestCount: UInt64 = 0
    var summary: String
    var numbers: [Finding.Number] = []
    var edges: [WaitEdge] = []
    /// Processes that were refused a ring, if the finding concerns no ring.
    var processes: [UInt32] = []
    /// Texts that replace those of the rule, because they are more exact.
    var meaning: String?
    var cure: String?
  }

  func findings(in evidence: Evidence) -> [Finding] {
    look(evidence).map { sighting in
      Finding(
        tag: tag, severity: sighting.severity, rings: sighting.rings,
        requests: Array(sighting.requests.prefix(Finding.requestLimit)),
        requestCount: max(sighting.requestCount, UInt64(sighting.requests.count)),
        summary: sighting.summary, numbers: sighting.numbers, edges: sighting.edges,
        processes: sighting.processes,
        meaning: sighting.meaning ?? meaning, cure: sighting.cure ?? cure)
    }
  }

  /// All rules, those with the worst findings first.
  public static let all: [FindingRule] = [
    .singleIssuer, .batchStopped, .lostWake, .memoryInFlight, .workerBlocked, .withdrawnBuffer,
    .withdrawnFile, .deadlock,
    .hang, .zeroCopyUnread, .cqOverflow, .deferredWork, .failedEnter, .failedRegistration,
    .ringRefused, .stuckRequest, .uncommittedBlock, .brokenChain,
    .closedDescriptor, .leakedRequest, .stoppedProcess, .unreapedCQEs, .reapLag, .unsubmittedSQEs,
    .sqpollStall, .sqpollStarved, .sqpollIdle, .sqpollSleeps,
    .drainStall, .openLink, .implausibleValue, .errorStorm, .unexplainedError, .staleCompletion,
    .badMemory, .overlappingMemory, .zeroProgress, .bufferTwice, .buffersExhausted,
    .groupCondition, .multishotEnded, .shortTransfer, .copiedSend, .puntStorm, .slowOpen,
    .workerFanOut, .workerAffinity, .idleWorkers, .hashedWork,
    .smallBatches, .manySubmitters, .missingDeferTaskrun, .missingRegisteredFile, .waiting,
    .iowait, .unlistedRequests,
  ]
}
