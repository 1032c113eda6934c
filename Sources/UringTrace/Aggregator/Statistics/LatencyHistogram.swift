/// A distribution of latencies, in nanoseconds, in the bucket layout of HdrHistogram with two
/// significant digits: 128 buckets for each doubling, so that a value is known within 0.8 %.
///
/// Memory is allocated for the doublings between the smallest and the largest value: 1 KiB each.
///
/// The hdrhistogram-swift package has the same buckets, but copies parts of itself whenever it
/// records a value (at least 3 % of profile samples), and its percentiles and iteration took 230 µs
/// per histogram in a snapshot, against 4 µs here. Tests compare the two.
package struct LatencyHistogram: ~Copyable {
  private(set) var max: UInt64 = 0
  /// Counts of the buckets from ``first`` onwards.
  private var counts: UnsafeMutablePointer<UInt64>?
  private var first = 0
  private var length = 0

  /// Larger values (over 39 hours) count as this value, because memory grows with the largest
  /// value.
  static let longest: UInt64 = 1 << 47

  /// Buckets per doubling.
  private static let half = 128

  init() {}

  deinit {
    counts?.deallocate()
  }

  @inline(__always)
  mutating func record(_ nanoseconds: UInt64) {
    let value = nanoseconds < Self.longest ? nanoseconds : Self.longest
    let index = Self.index(of: value)
    if UInt(bitPattern: index &- first) >= UInt(bitPattern: length) { cover(index) }
    // Not nil: ``cover(_:)`` has allocated memory for the bucket.
    counts.unsafelyUnwrapped[index &- first] &+= 1
    if value > max { max = value }
  }

  /// Records a value if its bucket already has memory. Returns false otherwise.
  @inline(__always)
  mutating func recordCovered(_ nanoseconds: UInt64) -> Bool {
    let offset = Self.index(of: nanoseconds) &- first
    guard UInt(bitPattern: offset) < UInt(bitPattern: length) else { return false }
    counts.unsafelyUnwrapped[offset] &+= 1
    if nanoseconds > max { max = nanoseconds }
    return true
  }

  /// Adds `times` values of which only the bucket is known. All histograms of this type have the
  /// same bucket indices.
  mutating func add(_ times: UInt64, toBucket index: Int) {
    guard index >= 0, index <= Self.index(of: Self.longest) else { return }
    if UInt(bitPattern: index &- first) >= UInt(bitPattern: length) { cover(index) }
    counts.unsafelyUnwrapped[index &- first] &+= times
    max = Swift.max(max, Self.upperBound(index))
  }

  mutating func add(_ other: borrowing LatencyHistogram) {
    guard let theirs = other.counts else { return }
    cover(other.first)
    cover(other.first + other.length - 1)
    for index in 0..<other.length {
      counts.unsafelyUnwrapped[other.first + index - first] &+= theirs[index]
    }
    max = Swift.max(max, other.max)
  }

  /// Number of values recorded. Computed here as a sum, so that recording a value need not update a
  /// count.
  var count: UInt64 {
    var count: UInt64 = 0
    if let counts { for index in 0..<length { count &+= counts[index] } }
    return count
  }

  /// - Parameter sum: sum of all values.
  func summary(sum: UInt64) -> LatencySummary {
    Self.summary(
      UnsafeBufferPointer(start: counts, count: length), first: first, max: max, sum: sum)
  }

  /// The buckets that are not empty, merged to at most eight per doubling.
  var buckets: [OpcodeLatency.Bucket] {
    Self.buckets(UnsafeBufferPointer(start: counts, count: length), first: first)
  }

  /// A copy of the counts of all buckets.
  var copy: LatencyCounts {
    LatencyCounts(first: first, counts: Array(UnsafeBufferPointer(start: counts, count: length)))
  }

  /// Number of buckets that have memory.
  var size: Int { length }

  /// - Parameters:
  ///   - counts: counts of the buckets from index `first` onwards.
  ///   - max: the largest value, or an upper bound of it.
  static func summary(
    _ counts: UnsafeBufferPointer<UInt64>, first: Int, max: UInt64, sum: UInt64
  ) -> LatencySummary {
    var summary = LatencySummary()
    let count = counts.reduce(0, &+)
    guard count > 0 else { return summary }
    summary.count = count
    summary.max = max
    summary.mean = Double(sum) / Double(count)
    var wanted: [(share: Double, field: WritableKeyPath<LatencySummary, UInt64>)] = [
      (0.999, \.p999), (0.99, \.p99), (0.9, \.p90), (0.5, \.p50),
    ]
    var passed: UInt64 = 0
    for index in counts.indices where counts[index] > 0 {
      passed += counts[index]
      while let (share, field) = wanted.last,
        passed >= Swift.max(1, UInt64((share * Double(count)).rounded(.up)))
      {
        summary[keyPath: field] = min(upperBound(first + index), max)
        wanted.removeLast()
      }
    }
    return summary
  }

  static func buckets(
    _ counts: UnsafeBufferPointer<UInt64>, first: Int
  ) -> [OpcodeLatency.Bucket] {
    var buckets: [OpcodeLatency.Bucket] = []
    for index in counts.indices where counts[index] > 0 {
      let bound = coarseUpperBound(upperBound(first + index))
      if buckets.last?.upperBound == bound {
        buckets[buckets.count - 1].count += counts[index]
      } else {
        buckets.append(OpcodeLatency.Bucket(upperBound: bound, count: counts[index]))
      }
    }
    return buckets
  }

  /// Counts of groups of sixteen buckets (eight groups per doubling), and the index of the first
  /// group.
  var coarseCounts: (counts: [UInt64], first: Int) {
    guard let counts else { return ([], 0) }
    var coarse = [UInt64](repeating: 0, count: length / Self.coarse)
    for index in 0..<length { coarse[index / Self.coarse] &+= counts[index] }
    return (coarse, first / Self.coarse)
  }

  /// The largest value of a group in ``coarseCounts``.
  static func coarseBound(_ number: Int) -> UInt64 { upperBound((number + 1) * coarse - 1) }

  /// Number of buckets that are counted together in ``coarseCounts``. ``first`` and ``length`` are
  /// multiples of it.
  private static let coarse = 16

  // MARK: Layout

  /// Index of a value's bucket.
  package static func bucket(of nanoseconds: UInt64) -> UInt32 {
    UInt32(index(of: min(nanoseconds, longest)))
  }

  /// The largest value of a bucket, given its index in any histogram of this layout.
  static func upperBound(ofBucket index: UInt32) -> UInt64 {
    upperBound(min(Int(index), Self.index(of: longest)))
  }

  /// Index of a value's bucket. Each value up to 255 has its own bucket. Beyond that each doubling
  /// has 128 buckets.
  @inline(__always)
  private static func index(of value: UInt64) -> Int {
    let shift = Swift.max(0, 56 &- value.leadingZeroBitCount)
    return shift &* half &+ Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: shift))
  }

  /// The largest value of a bucket.
  static func upperBound(_ index: Int) -> UInt64 {
    let shift = Swift.max(0, index / half - 1)
    return UInt64(index - shift * half + 1) << UInt64(shift) - 1
  }

  /// The largest value in the eighth of a doubling that contains `value`.
  private static func coarseUpperBound(_ value: UInt64) -> UInt64 {
    let magnitude = 64 - value.leadingZeroBitCount
    guard magnitude > 4 else { return value }
    return value | (UInt64(1) << UInt64(magnitude - 4) - 1)
  }

  /// The largest value below the eighth of a doubling that contains `value`.
  static func coarseBoundBelow(_ value: UInt64) -> UInt64 {
    let bound = coarseUpperBound(value)
    let magnitude = 64 - bound.leadingZeroBitCount
    return bound.since(magnitude > 4 ? UInt64(1) << UInt64(magnitude - 4) : 1)
  }

  /// Allocates memory for a bucket and its whole doubling.
  @inline(never)
  private mutating func cover(_ index: Int) {
    let low = index / Self.half * Self.half
    let newFirst = length == 0 ? low : min(first, low)
    let newEnd = Swift.max(length == 0 ? 0 : first + length, low + Self.half)
    guard newFirst != first || newEnd - newFirst != length else { return }
    let new = UnsafeMutablePointer<UInt64>.allocate(capacity: newEnd - newFirst)
    new.initialize(repeating: 0, count: newEnd - newFirst)
    if let counts {
      (new + (first - newFirst)).update(from: counts, count: length)
      counts.deallocate()
    }
    (counts, first, length) = (new, newFirst, newEnd - newFirst)
  }
}
