/// State of the demonstration's target, with a property for each figure of the demo pane. The
/// command that runs the target fills it in, so that the UI does not depend on the target.
public struct DemoStatus: Sendable, Hashable {
  /// The phase of a ublk tag. The cases are in the order in which an I/O passes through them.
  public enum Phase: UInt8, Sendable, Hashable, CaseIterable {
    /// The driver does not have the tag: the server has not fetched it yet, or has stopped.
    case idle
    /// The tag waits in the driver for an I/O.
    case fetched
    /// The target has an I/O, whose buffer is provided or is being provided.
    case provided
    /// Member requests run.
    case running
    /// The buffer is being given back and the result committed to the driver.
    case committing
    /// The I/O is done, but an injected fault keeps its buffer from being given back.
    case held
  }

  /// One queue and its tags.
  public struct Queue: Sendable, Hashable {
    public var number: Int
    /// The thread that serves the queue; 0 before the thread runs.
    public var tid: UInt32
    public var tags: [Phase]
    /// I/Os since the start; ``errors``: those that failed without an injected fault.
    public var ios: UInt64
    public var errors: UInt64

    public init(number: Int, tid: UInt32 = 0, tags: [Phase], ios: UInt64 = 0, errors: UInt64 = 0) {
      self.number = number
      self.tid = tid
      self.tags = tags
      self.ios = ios
      self.errors = errors
    }
  }

  /// A count to display, such as blocks verified.
  public struct Count: Sendable, Hashable {
    public var name: String
    public var value: UInt64
    /// True if any count but 0 is an error.
    public var isError: Bool

    public init(_ name: String, _ value: UInt64, isError: Bool = false) {
      self.name = name
      self.value = value
      self.isError = isError
    }
  }

  /// The kind of target, such as "ublk".
  public var target: String
  /// How data are moved, such as "zero-copy".
  public var mode: String
  /// Path of the device, such as "/dev/ublkb0"; nil without a block device.
  public var device: String?
  /// Where the target keeps its data: "memory" or a path; empty if it keeps none.
  public var backing: String
  /// Size of the target's device in bytes; 0 without a device.
  public var size: UInt64
  /// Time of this status, and of the target's start; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  public var startTime: UInt64
  public var queues: [Queue]
  /// I/Os done since the start over all queues, and the bytes that they moved.
  public var ios: UInt64 = 0
  public var readBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// Requests that moved data for these I/Os; ``groups``: buffers that were lent for them.
  public var members: UInt64 = 0
  public var groups: UInt64 = 0
  /// Errors that no injected fault explains.
  public var errors: UInt64 = 0
  /// Figures of the load at the device; empty without a load.
  public var load: [Count] = []
  /// Counts of injected faults, by name; empty if no faults are injected.
  public var faults: [Count] = []
  /// Why the target does not continue, in one line; nil if it runs.
  public var failure: String?

  public init(
    target: String, mode: String, device: String? = nil, backing: String = "", size: UInt64 = 0,
    time: UInt64, startTime: UInt64, queues: [Queue] = []
  ) {
    self.target = target
    self.mode = mode
    self.device = device
    self.backing = backing
    self.size = size
    self.time = time
    self.startTime = startTime
    self.queues = queues
  }
}
