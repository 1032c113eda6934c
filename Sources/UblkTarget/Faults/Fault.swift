/// A fault that the target injects, to show what it looks like in uringtop.
public enum Fault: String, Sendable, Hashable, CaseIterable {
  /// A member (a request that transfers the I/O's data) takes long: it waits on a pipe that takes
  /// the place of the backing file.
  case slowMember = "slow-member"
  /// A member fills only half of the buffer. The short result is committed, and the driver then
  /// requests the rest. A driver that might take the short result for a complete one
  /// (``Features/mayTakeShortForWhole``) gets EIO instead.
  case shortRead = "short-read"
  /// The buffer is not returned, and the I/O is not committed, until the target stops.
  case noAck = "no-ack"
  /// The registration of the buffer fails, so the members that would use the buffer fail too. The
  /// I/O fails with EIO.
  case leaderFail = "leader-fail"
  /// A member fails because its file is not open for its operation. The I/O fails with EIO.
  case memberFail = "member-fail"
  /// A member transfers data against the buffer's direction. The I/O fails with EIO.
  case wrongDirection = "wrong-direction"

  /// The conditions under which a fault can be injected.
  struct Rule {
    /// Operations of the block device that can have the fault.
    var operations: Set<Operation>
    /// True if the fault needs a kernel buffer that the driver lends.
    var needsKernelBuffer: Bool
    /// True if the fault needs a member. With a null backing there are none.
    var needsMembers: Bool
    /// Default percentage of the I/Os that get the fault.
    var percent: Double
  }

  var rule: Rule { Self.rules[self]! }

  private static let rules: [Fault: Rule] = [
    .slowMember: Rule(
      operations: [.read, .write], needsKernelBuffer: false, needsMembers: true, percent: 1),
    .shortRead: Rule(
      operations: [.read], needsKernelBuffer: false, needsMembers: true, percent: 5),
    .noAck: Rule(
      operations: [.read, .write], needsKernelBuffer: false, needsMembers: true, percent: 1),
    .leaderFail: Rule(
      operations: [.read, .write], needsKernelBuffer: true, needsMembers: true, percent: 5),
    .memberFail: Rule(
      operations: [.read, .write], needsKernelBuffer: false, needsMembers: true, percent: 5),
    .wrongDirection: Rule(
      operations: [.read, .write], needsKernelBuffer: true, needsMembers: true, percent: 5),
  ]
}

/// A fault and its share of the I/Os.
public struct Injection: Sendable, Hashable {
  public var fault: Fault
  /// Percentage of the I/Os that get the fault.
  public var percent: Double

  public init(_ fault: Fault, percent: Double? = nil) {
    self.fault = fault
    self.percent = percent ?? fault.rule.percent
  }

  /// Parses `fault` or `fault:percent`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let fault = Fault(rawValue: String(parts[0])) else { return nil }
    guard parts.count == 2 else {
      self.init(fault)
      return
    }
    guard let percent = Double(parts[1]), percent > 0, percent <= 100 else { return nil }
    self.init(fault, percent: percent)
  }

  func validate(with configuration: Configuration) throws(TargetError) {
    if fault.rule.needsMembers, configuration.backing == .null {
      throw TargetError(.invalid, "\(fault.rawValue) needs a backing: a null device has no members")
    }
    if let transfer = configuration.transfer { try validate(transfer: transfer) }
  }

  /// Checks that the fault is possible with a transfer. Called when the transfer is known.
  func validate(transfer: Transfer) throws(TargetError) {
    if fault.rule.needsKernelBuffer, !transfer.lendsKernelBuffer {
      throw TargetError(
        .invalid,
        "\(fault.rawValue) needs zero-copy or auto: with \(transfer.rawValue) no buffer is lent")
    }
  }
}
