/// Decides what to report about a ring that scans no longer find.
///
/// The second scan in a row that misses the ring reports it as closed. A later record of the ring, even one that was
/// still waiting in the ring buffer, voids the report, so the report is repeated at growing intervals.
struct MissingRing {
  enum Report: Hashable {
    case nothing
    /// The first scan that missed the ring.
    case missed
    /// No task has had the ring since this time.
    case closed(UInt64)
  }

  /// Nanoseconds between reports.
  private static let distances: [UInt64] = [2_000_000_000, 8_000_000_000, 32_000_000_000]

  /// Start of the first scan that missed the ring; 0 while scans find it.
  private var since: UInt64 = 0
  private var reports = 0
  private var lastReport: UInt64 = 0

  var isMissing: Bool { since != 0 }
  /// True after the last report.
  var isTold: Bool { reports > Self.distances.count }

  /// Notes that a scan has missed the ring.
  mutating func note(_ scanStart: UInt64) -> Report {
    guard isMissing else {
      since = scanStart
      return .missed
    }
    guard reports == 0 || !isTold && scanStart - lastReport >= Self.distances[reports - 1] else {
      return .nothing
    }
    defer { (reports, lastReport) = (reports + 1, scanStart) }
    // by the second scan, requests that were cancelled with the ring have been reported
    return .closed(reports == 0 ? since : scanStart)
  }
}
