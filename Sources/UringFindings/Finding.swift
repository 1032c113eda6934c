import UringTrace

/// A fact about a program's use of io_uring that its author should know, with the evidence.
public struct Finding: Sendable, Hashable {
  /// How bad it is.
  public enum Severity: UInt8, Sendable, CaseIterable, Comparable {
    /// Worth knowing; the program works.
    case info
    /// It is expensive, or works only by luck.
    case warn
    /// It does not work: it hangs, or has lost something.
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

  /// A figure of the evidence. Names that end in `_ns` are nanoseconds, in `_percent` hundredths; others are counts.
  public struct Number: Sendable, Hashable {
    public var name: String
    public var value: UInt64
  }

  /// Stable name of the rule that found it, in kebab case: ``FindingRule/tag``.
  public var tag: String
  public var severity: Severity
  /// The rings concerned, the most affected first; none if a ring was refused.
  public var rings: [Ring.ID]
  /// Requests that show the finding, the most telling first: at most ``requestLimit`` of ``requestCount``.
  public var requests: [Request.ID]
  /// Number of requests concerned; 0 if there are none.
  public var requestCount: UInt64
  /// One line: the observation, with figures. May contain untrusted text, such as file names.
  public var summary: String
  public var numbers: [Number]
  /// The waits that are the evidence; empty for other kinds of evidence.
  public var edges: [WaitEdge]
  /// Processes that were refused a ring, if the finding concerns no ring.
  public var processes: [UInt32] = []
  /// One sentence: what it means.
  public var meaning: String
  /// One sentence: what to do.
  public var cure: String

  /// Set if the condition held for a while and no longer does.
  public var past: Past?

  /// When a condition held, and the requests and rings that it concerned then.
  public struct Past: Sendable, Hashable {
    /// Times of the first and the last look that saw it; nanoseconds, CLOCK_MONOTONIC.
    public var from: UInt64
    public var until: UInt64
    /// How often the condition held; the finding describes the worst of these times.
    public var times: Int
    /// ``Finding/requests`` as they were then.
    public var requests: [Request]
    /// ``Finding/rings`` as they were then.
    public var rings: [Ring]

    public static func == (one: Self, other: Self) -> Bool {
      (one.from, one.until, one.times) == (other.from, other.until, other.times)
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(from)
      hasher.combine(until)
    }
  }

  /// The requests that show the finding, as they were when it held, or as they are in its snapshot.
  public func requests(in snapshot: Snapshot) -> [Request] {
    past?.requests ?? requests.compactMap { snapshot.request($0) }
  }

  /// The ring that is most concerned; 0 for none.
  public var ring: Ring.ID { rings.first ?? 0 }

  /// Maximum number of requests named in one finding.
  public static var requestLimit: Int { 16 }
}
