/// When requests of a ring ended that were never seen. They were in flight before the observation began.
struct StrangerEnds {
  private var times: [UInt64] = []
  /// The latest end that was forgotten; 0 if there is none.
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

  /// How many ended since `time`; nil if that is not known any more.
  func count(since time: UInt64) -> UInt64? {
    guard forgotten < time else { return nil }
    return times.reduce(into: 0) { if $1 >= time { $0 += 1 } }
  }
}
