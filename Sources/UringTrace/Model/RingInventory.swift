import CRecord

/// A period in which CQEs waited in a ring's queue, found by sampling the ring every few
/// milliseconds.
public struct ReapLag: Sendable, Hashable {
  /// Times of the first and the last sample that saw the CQEs waiting; nanoseconds,
  /// CLOCK_MONOTONIC.
  public var firstUnread: UInt64
  public var lastUnread: UInt64
  /// Time of the first sample that found the CQEs reaped; 0 if no sample did.
  public var taken: UInt64
  /// `user_data` of the oldest CQE that waited.
  public var userData: UInt64
  public var count: UInt32
  /// The thread that reaps the ring's CQEs; 0 if unknown.
  public var tid: UInt32
  /// The system call that blocked the thread `tid` while the CQEs waited; empty if there was none,
  /// or if it is unknown.
  public var call: String
}

/// Facts from an inventory: a walk (BPF iterator) over a ring's kernel structures.
extension Ring {
  /// Tasks that wait in `io_uring_enter`.
  public struct Waiter: Sendable, Hashable {
    /// Thread and process of the first waiting task.
    public var tid: UInt32
    public var tgid: UInt32
    /// Number of waiting tasks.
    public var count: UInt32
    /// Number of CQEs that must still arrive.
    public var missing: UInt32
    /// Number of CQEs that the call waits for, and start of the wait (nanoseconds,
    /// CLOCK_MONOTONIC); nil if the call was not seen.
    public var minEvents: Int32?
    public var since: UInt64?
    /// Time at which the thread last ran, if that was at least a second before the ring was
    /// scanned: the wait began at that time or earlier. Nanoseconds, CLOCK_MONOTONIC; nil if the
    /// thread ran later, or if the kernel does not record the time.
    public var asleepSince: UInt64?
    /// True if the kernel counts the idle time of the task's processor as iowait.
    public var isInIOWait = false
  }

  /// The state of the SQ thread of a ring with SQPOLL (`io_rings.sq_flags`).
  public enum SQThread: Sendable, Hashable {
    /// The thread looks for SQEs by itself.
    case polls
    /// The thread sleeps until `io_uring_enter` wakes it (`IORING_SQ_NEED_WAKEUP`).
    case sleeps

    init?(_ activity: ThreadActivity) {
      switch activity {
      case .polls: self = .polls
      case .sleeps: self = .sleeps
      default: return nil
      }
    }
  }

  /// Number of outstanding requests according to the kernel, compared with the number of known
  /// requests.
  public struct Balance: Sendable, Hashable {
    /// The method by which the kernel's number was determined.
    public enum Method: Sendable, Hashable {
      /// Unusable: the kernel's lists changed during the count.
      case unknown
      /// Requests allocated minus free requests: exact (6.17 and later).
      case allocated
      /// References to the ring minus free requests: exact except for short moments (up to 6.12).
      case references
      /// SQEs taken minus CQEs posted: an estimate.
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
    /// Number of requests, and of notifications of zero-copy sends, that have not ended according
    /// to the kernel.
    public var outstanding: UInt64
    /// Number of the ``outstanding`` requests that are known from events or inventory walks.
    public var accounted: UInt64
    /// Number of requests that the inventory walk found on the kernel's lists.
    public var reached: UInt32
    /// Time of the inventory walk; nanoseconds, CLOCK_MONOTONIC.
    public var time: UInt64

    /// Number of unknown requests. They are older than the observation and on none of io_uring's
    /// lists, so the block layer, a driver or the network stack holds them.
    public var unaccounted: UInt64 { outstanding > accounted ? outstanding - accounted : 0 }
  }

  /// An occupied slot of the ring's table of registered files.
  public struct RegisteredFile: Sendable, Hashable {
    /// The file; nil in recordings without file identities.
    public var identity: FileIdentity?
    public var index: UInt32
    /// References held by requests; nil if the kernel does not count them per file (up to 6.12).
    public var references: UInt32?
    /// A CQE with this tag as `user_data` signals the file's release; 0 for none, or if unknown.
    public var tag: UInt64
  }

  /// A CQE that the application has not reaped.
  public struct UnreapedCQE: Sendable, Hashable {
    public var userData: UInt64
    public var result: Int32
    public var flags: UInt32
    /// True if the CQE is in the overflow list, not in the ring.
    public var isOverflowed: Bool
  }

  /// A CQE that the application has reaped.
  public struct ReapedCQE: Sendable {
    public var userData: UInt64
    public var result: Int32
    public var flags: UInt32
    /// The newest SQE in the ring's memory with this `user_data`; nil if there is none. It is the
    /// SQE of the CQE's request, unless the application has since written another SQE with this
    /// `user_data`.
    public var sqe: SQE?
  }
}
