/// End times of a ring's requests whose beginning was not observed. These requests are older than
/// the observation, or the records of their beginning were lost.
struct StrangerEnds {
  private var times: [UInt64] = []
  /// The latest end time that was dropped; 0 if there is none.
  private var forgotten: UInt64 = 0

  private static var limit: Int { 1 << 13 }

  mutating func note(_ time: UInt64) {
    if times.count == Self.limit {
      let old = times.prefix(Self.limit / 2)
      forgotten = old.reduce(forgotten, max)
      times.removeFirst(old.count)
    }
    times.append(time)
  }

  /// Number of ends since `time`; nil if some of them may have been dropped.
  func count(since time: UInt64) -> UInt64? {
    guard forgotten < time else { return nil }
    return times.reduce(into: 0) { if $1 >= time { $0 += 1 } }
  }
}
