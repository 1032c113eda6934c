/// What the user wants to see. Live, all but the age is applied in the kernel.
///
/// An empty set stands for no restriction; restrictions of different kinds must all hold.
public struct Filter: Sendable, Hashable {
  /// Processes that own or hold the ring, as the user sees them.
  public var pids: Set<UInt32> = []
  /// Names of such processes, as in /proc/PID/comm (15 bytes at most).
  public var comms: Set<String> = []
  /// Ring descriptors: of the processes above if any are named, else of any process.
  public var fds: Set<Int32> = []
  public var opcodes: Set<Opcode> = []
  /// Nanoseconds a request in flight must be old to be listed; 0 lists all.
  public var minimumAge: UInt64 = 0

  public init() {}

  public var isEmpty: Bool { self == Filter() }
}
