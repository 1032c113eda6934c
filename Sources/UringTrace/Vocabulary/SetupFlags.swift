/// `IORING_SETUP_*` (include/uapi/linux/io_uring.h).
public struct SetupFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let ioPoll = SetupFlags(rawValue: 1 << 0)
  public static let sqPoll = SetupFlags(rawValue: 1 << 1)
  public static let sqAffinity = SetupFlags(rawValue: 1 << 2)
  public static let cqSize = SetupFlags(rawValue: 1 << 3)
  public static let clamp = SetupFlags(rawValue: 1 << 4)
  public static let attachWQ = SetupFlags(rawValue: 1 << 5)
  public static let disabled = SetupFlags(rawValue: 1 << 6)
  public static let submitAll = SetupFlags(rawValue: 1 << 7)
  public static let coopTaskrun = SetupFlags(rawValue: 1 << 8)
  public static let taskrunFlag = SetupFlags(rawValue: 1 << 9)
  public static let sqe128 = SetupFlags(rawValue: 1 << 10)
  public static let cqe32 = SetupFlags(rawValue: 1 << 11)
  public static let singleIssuer = SetupFlags(rawValue: 1 << 12)
  public static let deferTaskrun = SetupFlags(rawValue: 1 << 13)
  public static let noMmap = SetupFlags(rawValue: 1 << 14)
  /// IORING_SETUP_REGISTERED_FD_ONLY.
  public static let registeredOnly = SetupFlags(rawValue: 1 << 15)
  public static let noSQArray = SetupFlags(rawValue: 1 << 16)
  public static let hybridIOPoll = SetupFlags(rawValue: 1 << 17)
  public static let cqeMixed = SetupFlags(rawValue: 1 << 18)
  public static let sqeMixed = SetupFlags(rawValue: 1 << 19)
  public static let sqRewind = SetupFlags(rawValue: 1 << 20)

  /// Flag names without the prefix, lowest bit first.
  public var names: [String] { Self.bits.names(in: rawValue) }

  /// The flags with these names; nil if a name is unknown.
  package init?(names: [String]) {
    guard let value = Self.bits.value(of: names) else { return nil }
    rawValue = value
  }

  private static let bits = NamedBits(
    "IOPOLL", "SQPOLL", "SQ_AFF", "CQSIZE", "CLAMP", "ATTACH_WQ", "R_DISABLED", "SUBMIT_ALL",
    "COOP_TASKRUN", "TASKRUN_FLAG", "SQE128", "CQE32", "SINGLE_ISSUER", "DEFER_TASKRUN",
    "NO_MMAP", "REGISTERED_FD_ONLY", "NO_SQARRAY", "HYBRID_IOPOLL", "CQE_MIXED", "SQE_MIXED",
    "SQ_REWIND")
}
