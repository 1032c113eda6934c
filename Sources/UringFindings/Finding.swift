import UringTrace

/// A fact about a program's use of io_uring that its author should know, with the evidence.
public struct Finding: Sendable, Hashable {
  public enum Severity: UInt8, Sendable, CaseIterable, Comparable {
    /// Worth knowing; the program works.
    case info
    /// The program works, but at a high cost or only by luck.
    case warn
    /// The program does not work: it hangs, or has lost something.
    case crit

    /// Name in documents and on the command line.
    public var name: StaticString {
      switch self {
      case .info: "info"
      case .warn: "warn"
      case .crit: "crit"
      }
    }

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  }

  /// A figure of the evidence. Values are in nanoseconds if the name ends in `_ns`, and in percent
  /// if it ends in `_percent`. All others are plain numbers.
  public struct Number: Sendable, Hashable {
    public var name: String
    public var value: UInt64
  }

  /// Stable name, in kebab case, of the rule that produced the finding: ``FindingRule/tag``.
  public var tag: String
  public var severity: Severity
  /// The rings concerned, the most affected first; empty if a process was refused a ring.
  public var rings: [Ring.ID]
  /// Requests that show the finding, the most informative first: at most ``requestLimit`` of
  /// ``requestCount``.
  public var requests: [Request.ID]
  /// Number of requests concerned; 0 if there are none.
  public var requestCount: UInt64
  /// One line: the observation, with figures. May contain untrusted text, such as file names.
  public var summary: String
  public var numbers: [Number]
  /// The waits on which the finding is based; empty for findings with other evidence.
  public var edges: [WaitEdge]
  /// Processes that were refused a ring, if the finding concerns no ring.
  public var processes: [UInt32] = []
  /// The meaning of the finding, in one sentence.
  public var meaning: String
  /// Advice, in one sentence.
  public var cure: String

  /// Set if the condition held for a while and no longer does.
  public var past: Past?

  /// The time in which a condition held, and the requests and rings that it concerned then.
  public struct Past: Sendable, Hashable {
    /// Times at which the condition was first and last found; nanoseconds, CLOCK_MONOTONIC.
    public var from: UInt64
    public var until: UInt64
    /// Number of separate times that the condition held. The finding describes the worst of them.
    public var times: Int
    /// The requests of ``Finding/requests`` in the state that they had while the condition held.
    public var requests: [Request]
    /// The rings of ``Finding/rings`` in the state that they had while the condition held.
    public var rings: [Ring]

    public static func == (one: Self, other: Self) -> Bool {
      (one.from, one.until, one.times) == (other.from, other.until, other.times)
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(from)
      hasher.combine(until)
    }
  }

  /// Returns the requests that show the finding. For a past condition, they are in the state that
  /// they had while it held; otherwise in the state of `snapshot`.
  public func requests(in snapshot: Snapshot) -> [Request] {
    past?.requests ?? requests.compactMap { snapshot.request($0) }
  }

  /// The most affected ring; 0 if there is none.
  public var ring: Ring.ID { rings.first ?? 0 }

  /// What successive findings have in common if they report the same fault.
  struct Subject: Hashable {
    var tag: String
    var ring: Ring.ID
  }

  var subject: Subject { Subject(tag: tag, ring: ring) }

  /// Maximum number of requests named in one finding.
  public static var requestLimit: Int { 16 }
}
