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

  /// Explains a flag in one sentence, from io_uring_setup(2); nil for names that the manual page
  /// lacks.
  public static func meaning(of name: String) -> String? { meanings[name] }

  private static let meanings = [
    "IOPOLL": "Completions are found by polling the device, not by interrupts.",
    "SQPOLL": "A kernel thread takes the SQEs; the program need not call io_uring_enter.",
    "SQ_AFF": "The SQ thread is bound to one processor.",
    "CQSIZE": "The program chose the size of the completion queue.",
    "CLAMP": "Sizes that are too large were reduced instead of refused.",
    "ATTACH_WQ": "Shares the io-wq workers, or the SQ thread, of another ring.",
    "R_DISABLED": "Takes no requests until the program enables the ring.",
    "SUBMIT_ALL": "A refused SQE does not stop the rest of the batch.",
    "COOP_TASKRUN": "Task work does not interrupt the program; it runs at the next system call.",
    "TASKRUN_FLAG": "A flag in the SQ ring tells the program that task work is pending.",
    "SQE128": "SQEs have 128 bytes.",
    "CQE32": "CQEs have 32 bytes.",
    "SINGLE_ISSUER": "Only one thread may submit.",
    "DEFER_TASKRUN": "Completions are processed only when the program waits for them.",
    "NO_MMAP": "The queues are in memory that the program provided.",
    "REGISTERED_FD_ONLY": "The ring has a registered index and no file descriptor.",
    "NO_SQARRAY": "The SQ has no array of indices: SQEs are taken in order.",
    "HYBRID_IOPOLL": "Polling starts after a sleep, which costs less processor time.",
    "CQE_MIXED": "CQEs have 16 or 32 bytes.",
    "SQE_MIXED": "SQEs have 64 or 128 bytes.",
    "SQ_REWIND": "Each io_uring_enter takes the SQEs from the start of the queue.",
  ]

  private static let bits = NamedBits(
    "IOPOLL", "SQPOLL", "SQ_AFF", "CQSIZE", "CLAMP", "ATTACH_WQ", "R_DISABLED", "SUBMIT_ALL",
    "COOP_TASKRUN", "TASKRUN_FLAG", "SQE128", "CQE32", "SINGLE_ISSUER", "DEFER_TASKRUN",
    "NO_MMAP", "REGISTERED_FD_ONLY", "NO_SQARRAY", "HYBRID_IOPOLL", "CQE_MIXED", "SQE_MIXED",
    "SQ_REWIND")
}
