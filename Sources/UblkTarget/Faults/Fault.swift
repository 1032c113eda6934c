/// A fault to make on purpose, so that one learns what it looks like.
public enum Fault: String, Sendable, Hashable, CaseIterable {
  /// A member takes long: it waits at a pipe that stands in for the backing.
  case slowMember = "slow-member"
  /// A member fills only half of the buffer. The driver is told and asks for the rest; one that
  /// may take it for the whole (``Features/mayTakeShortForWhole``) gets EIO.
  case shortRead = "short-read"
  /// The buffer is not given back and the I/O not committed until the target stops.
  case noAck = "no-ack"
  /// Registering the buffer fails, and its members with it. The I/O fails with EIO.
  case leaderFail = "leader-fail"
  /// A member fails, its file not being open for what it does. The I/O fails with EIO.
  case memberFail = "member-fail"
  /// A member moves data against the buffer's direction. The I/O fails with EIO.
  case wrongDirection = "wrong-direction"

  /// What a fault applies to.
  struct Rule {
    /// Operations of the block device in which it is made.
    var operations: Set<Operation>
    /// It is a fault with a lent buffer: the other transfers do not have it.
    var needsKernelBuffer: Bool
    /// It is a fault of a member: a null backing has none.
    var needsMembers: Bool
    /// Percent of the I/Os unless told.
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
  /// Of the I/Os to which it applies.
  public var percent: Double

  public init(_ fault: Fault, percent: Double? = nil) {
    self.fault = fault
    self.percent = percent ?? fault.rule.percent
  }

  /// `fault` or `fault:percent`.
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

  /// Once the transfer is known.
  func validate(transfer: Transfer) throws(TargetError) {
    if fault.rule.needsKernelBuffer, !transfer.lendsKernelBuffer {
      throw TargetError(
        .invalid,
        "\(fault.rawValue) needs zero-copy or auto: with \(transfer.rawValue) no buffer is lent")
    }
  }
}
