import CRecord

/// The kernel structure that holds a request in flight, as found by an inventory walk (BPF iterator
/// over kernel structures).
public enum Place: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// Unknown: no walk has found the request, the request has moved on since, or it is on none of
  /// the kernel's lists (such as a disk request).
  case unknown = 0
  /// Behind another request of its chain (`req->link`).
  case linked = 1
  /// Behind a drain (`ctx->defer_list`).
  case deferred = 2
  /// Poll armed on its file (`ctx->cancel_table`).
  case poll = 3
  /// A running TIMEOUT (`ctx->timeout_list`).
  case timeout = 4
  /// A running LINK_TIMEOUT (`ctx->ltimeout_list`).
  case linkTimeout = 5
  /// A URING_CMD held by its driver, which can cancel it (`ctx->cancelable_uring_cmd`).
  case command = 6
  /// Waiting on a futex (`ctx->futex_list`).
  case futex = 7
  /// Waiting for a process (`ctx->waitid_list`).
  case waitid = 8
  /// Polled I/O on a ring with IOPOLL (`ctx->iopoll_list`).
  case iopoll = 9
  /// In the block layer.
  case block = 10
  /// In io-wq's queue (`io_wq->acct[].work_list`), or behind other work on the same file.
  case workerQueued = 11
  /// Executed by a worker thread (`worker->cur_work`).
  case workerRunning = 12
  /// Woken, but its task has not run since (`tctx->task_list`, `ctx->work_llist`).
  case taskWork = 13
  /// A zero-copy send that has posted its result: the network stack still holds its memory.
  case network = 14

  init(_ place: RecordPlace) { self = Place(rawValue: place.rawValue) ?? .unknown }

  /// True if a request in `state` can reach this place without an event. Its state is then derived
  /// from the place.
  func isReachedUnseen(from state: Request.State) -> Bool {
    (state == .submitted || state == .issued)
      && (self.state == .pollArmed || self.state == .issued)
  }

  /// The state of a request in this place.
  var state: Request.State {
    switch self {
    case .unknown: .submitted
    case .linked: .linked
    case .deferred: .deferred
    case .poll: .pollArmed
    case .timeout, .linkTimeout, .command, .futex, .waitid, .iopoll, .block: .issued
    case .workerQueued, .workerRunning: .worker
    case .taskWork: .taskWork
    case .network: .awaitingNotification
    }
  }
}

/// SQE fields whose values the kernel still had when an inventory walk found the request
/// (`RECORD_KNOWS_*`).
public struct SQEKnowledge: OptionSet, Sendable, Hashable, BitwiseCopyable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let off = Self(rawValue: UInt8(RECORD_KNOWS_OFF))
  public static let addr = Self(rawValue: UInt8(RECORD_KNOWS_ADDR))
  public static let len = Self(rawValue: UInt8(RECORD_KNOWS_LEN))
  public static let opFlags = Self(rawValue: UInt8(RECORD_KNOWS_FLAGS))
  public static let buffer = Self(rawValue: UInt8(RECORD_KNOWS_BUFFER))
  /// The descriptor, which still refers to the request's file.
  public static let file = Self(rawValue: UInt8(RECORD_KNOWS_FD))
}

/// The kernel stack of a thread that executes a request.
public struct KernelStack: Sendable, Hashable {
  /// Frames, innermost first: names with offsets, or addresses.
  public var frames: [String]
  /// True if the kernel hides its symbols (kptr_restrict): frames are addresses.
  public var areNamesHidden: Bool
  /// Time at which the stack was read; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
}

/// State of a request's file, as reported by the file itself.
public struct FileState: Sendable, Hashable {
  /// Events that the file reports now, `POLL*`.
  public var pollEvents: UInt32
  /// Bytes that can be read without waiting (``sendBytes``: bytes that wait in the send queue); nil
  /// if the file does not report them.
  public var receiveBytes: Int64?
  public var sendBytes: Int64?
  /// Details, such as the addresses of a socket; empty if there are none.
  public var text: String
  /// Time at which the state was read; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64

  /// ``text`` without the addresses that the file's name contains: "established" for the text "tcp
  /// 10.0.0.1:80, peer 10.0.0.2:4711, established" and the name "tcp 10.0.0.1:80 → 10.0.0.2:4711".
  package func details(besides name: String) -> String {
    var text = text
    for kind in ["unix stream", "unix datagram"]
    where text.hasPrefix(kind + ",")
      || text.hasPrefix(kind + " ")
    {
      text = "unix" + text.dropFirst(kind.count)
    }
    let words = name.replacing(" → ", with: ", peer ").replacing(" listening", with: ", listening")
    guard words != name, text == words || text.hasPrefix(words + ", ") else { return self.text }
    return String(text.dropFirst(words.count + 2))
  }
}
