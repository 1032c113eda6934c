/// Decides when to report a ring as closed after scans (BPF iterators over all descriptors) no
/// longer find it.
///
/// The ring is reported as closed when a second consecutive scan misses it. Any record of the ring
/// that the aggregator receives later makes it open again, even one that was still in the record
/// buffer. So the report is repeated, at growing intervals.
struct MissingRing {
  enum Report: Hashable {
    case nothing
    /// The ring was missed by this scan for the first time.
    case missed
    /// The ring is closed: no task has had it open since this time.
    case closed(UInt64)
  }

  /// Minimum nanoseconds between one report and the next.
  private static let distances: [UInt64] = [2_000_000_000, 8_000_000_000, 32_000_000_000]

  /// Start of the first scan that missed the ring; 0 while scans find it.
  private var since: UInt64 = 0
  private var reports = 0
  private var lastReport: UInt64 = 0

  var isMissing: Bool { since != 0 }
  /// True if the last report has been made.
  var isReported: Bool { reports > Self.distances.count }

  /// Notes that the scan that began at `scanStart` has missed the ring.
  mutating func note(_ scanStart: UInt64) -> Report {
    guard isMissing else {
      since = scanStart
      return .missed
    }
    guard reports == 0 || !isReported && scanStart - lastReport >= Self.distances[reports - 1]
    else {
      return .nothing
    }
    defer { (reports, lastReport) = (reports + 1, scanStart) }
    // The first report has the time of the first scan that missed the ring. It is made one scan
    // later: by then the records of requests that were cancelled with the ring have arrived.
    return .closed(reports == 0 ? since : scanStart)
  }
}
