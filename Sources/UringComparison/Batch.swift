import UringFindings
import UringTrace

/// Statistics of consecutive requests of one role (``WorkloadRole``).
struct Batch: Sendable {
  private(set) var requests: UInt64 = 0
  /// Latencies in nanoseconds, of a random sample of the ``measured`` requests.
  private(set) var latencies: [Double] = []
  private(set) var measured: UInt64 = 0
  /// Nanoseconds that the measured requests spent in each ``Stage``, added up.
  private(set) var stages = InlineArray<5, Double>(repeating: 0)
  /// Requests that ended with an error, by errno.
  private(set) var errors: [Int32: UInt64] = [:]
  private(set) var punted: UInt64 = 0
  private(set) var short: UInt64 = 0
  private(set) var copied: UInt64 = 0
  private(set) var overflowed: UInt64 = 0

  static let sampleLimit = 512
  /// Maximum number of errnos with a count of their own. Errors with further errnos are counted
  /// under errno 0.
  private static let errnoLimit = 16

  mutating func add(_ request: borrowing Request, random: inout SeededGenerator) {
    requests += 1
    if let error = request.ownError {
      let isKnown = errors[error] != nil || errors.count < Self.errnoLimit
      errors[isKnown ? error : 0, default: 0] += 1
    }
    if request.wasPunted { punted += 1 }
    if request.isShort { short += 1 }
    if request.wasCopied { copied += 1 }
    if request.state == .overflowed { overflowed += 1 }
    guard let latency = request.latency else { return }
    measured += 1
    for stage in Stage.allCases {
      stages[Int(stage.rawValue)] += Double(latency.stages[Int(stage.rawValue)])
    }
    if latencies.count < Self.sampleLimit {
      latencies.append(Double(latency.total))
    } else {
      let place = UInt64.random(in: 0..<measured, using: &random)
      if place < UInt64(Self.sampleLimit) { latencies[Int(place)] = Double(latency.total) }
    }
  }

  /// Merges the batch that follows this one.
  mutating func append(_ next: Batch, random: inout SeededGenerator) {
    latencies = Self.sample(
      latencies, of: measured, next.latencies, of: next.measured, random: &random)
    requests += next.requests
    measured += next.measured
    for index in stages.indices { stages[index] += next.stages[index] }
    errors.merge(next.errors, uniquingKeysWith: +)
    punted += next.punted
    short += next.short
    copied += next.copied
    overflowed += next.overflowed
  }

  /// A random sample of the union of two sets, given a sample of each set and its size.
  private static func sample(
    _ first: [Double], of firstCount: UInt64, _ second: [Double], of secondCount: UInt64,
    random: inout SeededGenerator
  ) -> [Double] {
    guard first.count + second.count > sampleLimit else { return first + second }
    var (first, second) = (
      first.shuffled(using: &random)[...], second.shuffled(using: &random)[...]
    )
    var (left, right) = (firstCount, secondCount)
    var sample: [Double] = []
    while sample.count < sampleLimit {
      let isFirst = UInt64.random(in: 0..<(left + right), using: &random) < left
      // If chance draws more from one set than its sample holds, the other sample supplies the
      // latency.
      if isFirst, let latency = first.popFirst() ?? second.popFirst() {
        sample.append(latency)
        left -= 1
      } else if let latency = second.popFirst() ?? first.popFirst() {
        sample.append(latency)
        right = right > 0 ? right - 1 : 0
      }
    }
    return sample
  }

  /// A quantile of the latencies in nanoseconds; nil if too few requests were measured.
  ///
  /// - Parameter share: 0.5 for the median.
  func quantile(_ share: Double) -> Double? {
    let needed = 4 / min(share, 1 - share)
    guard Double(latencies.count) >= needed else { return nil }
    let sorted = latencies.sorted()
    return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }
}

/// All requests of a role, in consecutive batches of equal size.
///
/// When there are ``limit`` batches, neighbours are merged in pairs, and the size doubles.
struct BatchSeries: Sendable {
  private(set) var batches: [Batch] = []
  private var current = Batch()
  private var size: UInt64 = 16
  private(set) var requests: UInt64 = 0

  static let limit = 48

  mutating func add(_ request: borrowing Request, random: inout SeededGenerator) {
    requests += 1
    current.add(request, random: &random)
    if current.requests >= size { close(&random) }
  }

  private mutating func close(_ random: inout SeededGenerator) {
    batches.append(current)
    current = Batch()
    guard batches.count == Self.limit else { return }
    var merged: [Batch] = []
    for index in stride(from: 0, to: batches.count, by: 2) {
      var batch = batches[index]
      batch.append(batches[index + 1], random: &random)
      merged.append(batch)
    }
    batches = merged
    size *= 2
  }

  /// Merges the last, incomplete batch into the batch before it.
  mutating func finish(_ random: inout SeededGenerator) {
    if !batches.isEmpty { batches[batches.count - 1].append(current, random: &random) }
    current = Batch()
  }
}

/// SplitMix64 with a fixed seed: the same recordings always give the same result.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64 = 0

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
