import UringTrace

/// The number of requests in flight over the last moments, computed from the times of the requests
/// that are in flight or ended last.
struct AverageLoad {
  /// Average number of requests in flight.
  private(set) var average: Double
  /// Maximum number of requests in flight at the same time.
  private(set) var most: Int
  /// Length of the period in nanoseconds: at most a second, and shorter if the history is.
  private(set) var length: UInt64
  /// Requests that ended per second.
  private let rate: Double
  /// Mean nanoseconds from the submissions of these requests to their ends.
  private let mean: Double

  /// Requests per second from which on a load can be fast.
  static let fastRate = 100.0
  /// Mean latency up to which a load can be fast: a list of its requests is a momentary picture.
  private static let fastMean = 10_000_000.0
  private static let longest: UInt64 = 1_000_000_000
  /// Requests in flight up to which the average is computed, because it takes time for each.
  private static let mostRequests = 10_000

  /// Nil if no request ended in the last second, or if some requests are not known.
  ///
  /// - Parameter ring: the ring; nil for all rings.
  init?(in snapshot: Snapshot, on ring: Ring.ID?) {
    guard snapshot.host.sampling <= 1, snapshot.requests.count <= Self.mostRequests,
      !snapshot.rings.contains(where: { $0.notListed > 0 && (ring == nil || $0.id == ring) }),
      let start = Self.start(in: snapshot), start < snapshot.time
    else { return nil }
    length = snapshot.time - start
    var changes: [(time: UInt64, by: Int)] = []
    var (ended, lifetimes) = (0, 0.0)
    let recent = snapshot.recent
    for position in recent.indices where ring == nil || recent.ring(at: position) == ring {
      let times = recent.times(at: position)
      guard times.last > start else { break }
      changes.append((max(times.start, start), 1))
      changes.append((times.last, -1))
      ended += 1
      lifetimes += Double(times.last.since(times.start))
    }
    guard ended > 0 else { return nil }
    let requests = snapshot.requests
    for position in requests.indices where ring == nil || requests.ring(at: position) == ring {
      changes.append((max(requests.times(at: position).start, start), 1))
    }
    (rate, mean) = (Double(ended) * 1e9 / Double(length), lifetimes / Double(ended))
    (average, most) = Self.sweep(&changes, from: start, to: snapshot.time)
  }

  /// Start of the period from which on all requests are known; nil if the snapshot has none.
  private static func start(in snapshot: Snapshot) -> UInt64? {
    let recent = snapshot.recent
    guard let last = recent.indices.last else { return nil }
    let earliest = max(snapshot.time.since(longest), snapshot.host.startTime)
    let oldest = recent.times(at: last).last
    let keepsAll = snapshot.totals.ended <= UInt64(recent.count)
    let start = keepsAll ? earliest : max(earliest, oldest)
    return snapshot.lossTime >= start ? nil : start
  }

  private static func sweep(
    _ changes: inout [(time: UInt64, by: Int)], from start: UInt64, to end: UInt64
  ) -> (average: Double, most: Int) {
    changes.sort { ($0.time, $0.by) < ($1.time, $1.by) }
    var (count, most, area, time) = (0, 0, 0.0, start)
    for change in changes where change.time <= end {
      area += Double(count) * Double(change.time.since(time))
      time = change.time
      count += change.by
      most = max(most, count)
    }
    area += Double(count) * Double(end.since(time))
    return (area / Double(end - start), most)
  }

  /// True if so many requests end between two snapshots that the numbers of requests in flight in
  /// the snapshots are unrelated.
  var isFast: Bool { rate >= Self.fastRate && mean <= Self.fastMean }

  /// "1.4 on average and 3 at most in the last 51.2ms"
  var text: String {
    let tenths = UInt64((average * 10).rounded())
    let number = average < 0.1 ? "<0.1" : "\(Humanise.grouped(tenths / 10)).\(tenths % 10)"
    return "\(number) on average and \(Humanise.grouped(UInt64(most))) at most in the last "
      + Humanise.duration(length)
  }
}
