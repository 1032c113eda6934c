import UringTrace

/// The average number of requests in flight. By Little's law it is the rate of the last second
/// times the mean latency.
struct AverageLoad {
  /// Requests in flight.
  private(set) var inFlight: Double
  /// Requests completed per second.
  private(set) var rate: Double
  /// Mean latency in nanoseconds.
  private(set) var mean: Double

  /// Requests per second from which on a load can be fast.
  static let fastRate = 100.0
  /// Mean latency up to which a load can be fast: a list of its requests is a momentary picture.
  private static let fastMean = 10_000_000.0

  /// Nil if no rate is known, or if fewer than one request completes per second.
  init?(of rings: [Ring]) {
    (inFlight, rate) = (0, 0)
    for ring in rings where ring.latency.count > 0 {
      guard let second = ring.lastSecond.ifMeasured, second.completed > 0 else { continue }
      rate += second.completed
      inFlight += second.completed * ring.latency.mean / 1e9
    }
    guard rate >= 1 else { return nil }
    mean = inFlight / rate * 1e9
  }

  /// True if so many requests end between two snapshots that the numbers of requests in flight in
  /// the snapshots are unrelated.
  var isFast: Bool { rate >= Self.fastRate && mean <= Self.fastMean }

  /// "about 1.4 on average (2.00k/s × 700µs)"
  var text: String {
    let tenths = UInt64((inFlight * 10).rounded(.up))
    let number = inFlight < 0.1 ? "<0.1" : "about \(tenths / 10).\(tenths % 10)"
    return "\(number) on average (\(Humanise.rate(rate))/s × \(Humanise.duration(UInt64(mean))))"
  }
}
