import CRecord

/// CQEs that lay in a ring's queue when it was watched closely.
public struct ReapLag: Sendable, Hashable {
  /// First and last sample that saw them; nanoseconds, CLOCK_MONOTONIC.
  public var firstUnread: UInt64
  public var lastUnread: UInt64
  /// The sample that saw them taken, 0 if none did.
  public var taken: UInt64
  /// Of the oldest.
  public var userData: UInt64
  public var count: UInt32
  /// The thread that takes them, 0 if not known.
  public var tid: UInt32
  /// Its system call meanwhile; empty if it was in none, or is not known.
  public var call: String
}

/// Facts from a walk over a ring's own structures.
extension Ring {
  /// A task in `io_uring_enter`.
  public struct Waiter: Sendable, Hashable {
    /// The first one's thread and process.
    public var tid: UInt32
    public var tgid: UInt32
    /// Tasks that wait.
    public var count: UInt32
    /// CQEs that must still come.
    public var missing: UInt32
    /// CQEs asked for and since when (nanoseconds, CLOCK_MONOTONIC), if the call was seen.
    public var minEvents: Int32?
    public var since: UInt64?
    /// The thread has not run since then, at least a second before the look: it waits at least since
    /// then. Nanoseconds, CLOCK_MONOTONIC; nil if it ran later, or the kernel does not tell.
    public var asleepSince: UInt64?
    /// The kernel counts the idle time of its processor as iowait.
    public var isInIOWait = false
  }

  /// The state of the SQ thread of a ring with SQPOLL (`io_rings.sq_flags`).
  public enum SQThread: Sendable, Hashable {
    /// It looks for SQEs by itself.
    case polls
    /// It sleeps until `io_uring_enter` wakes it (`IORING_SQ_NEED_WAKEUP`).
    case sleeps

    init?(_ activity: ThreadActivity) {
      switch activity {
      case .polls: self = .polls
      case .sleeps: self = .sleeps
      default: return nil
      }
    }
  }

  /// Outstanding requests by the ring's counters, and by what is known.
  public struct Balance: Sendable, Hashable {
    /// How the kernel's number was found.
    public enum Method: Sendable, Hashable {
      /// The kernel's lists changed while it was counted.
      case unknown
      /// Requests allocated less free ones: exact (6.17 and later).
      case allocated
      /// References to the ring less free requests: exact but for moments (up to 6.12).
      case references
      /// SQEs taken less CQEs posted: an estimate.
      case sequence

      init(_ method: BalanceMethod) {
        self =
          switch method {
          case .allocated: .allocated
          case .references: .references
          case .sequence: .sequence
          default: .unknown
          }
      }
    }

    public var method: Method
    /// Requests and notifications of zero-copy sends that have not ended, by the kernel.
    public var outstanding: UInt64
    /// Those of them that are known: from events or found.
    public var accounted: UInt64
    /// Requests that the walk found on the kernel's lists.
    public var reached: UInt32
    /// When; nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64

    /// Requests that nobody knows: they are older than the observation and on no list of io_uring, so
    /// with the block layer, a driver or the network stack.
    public var unaccounted: UInt64 { outstanding > accounted ? outstanding - accounted : 0 }
  }

  /// A slot of the ring's table of registered files that holds one.
  public struct RegisteredFile: Sendable, Hashable {
    /// Nil in recordings without identities.
    public var identity: FileIdentity?
    public var index: UInt32
    /// Held by requests; nil where the kernel does not count them for each file (up to 6.12).
    public var references: UInt32?
    /// A CQE with it as `user_data` tells when it is released; 0 for none, or where not known.
    public var tag: UInt64
  }

  /// A CQE that the application has not reaped.
  public struct UnreapedCQE: Sendable, Hashable {
    public var userData: UInt64
    public var result: Int32
    public var flags: UInt32
    /// In the overflow list, not in the ring.
    public var isOverflowed: Bool
  }

  /// A CQE that the application has taken.
  public struct ReapedCQE: Sendable {
    public var userData: UInt64
    public var result: Int32
    public var flags: UInt32
    /// The newest SQE in the ring's memory with this `user_data`: of its request, unless the application has written
    /// another one there since. nil if there is none.
    public var sqe: SQE?
  }
}
