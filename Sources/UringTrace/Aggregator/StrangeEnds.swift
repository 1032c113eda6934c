/// Overflowed CQEs of requests that nobody knew. They do not name their request, so a walk that found it
/// just before would revive it.
struct StrangeEnds {
  private struct Key: Hashable {
    var ring: UInt32
    var userData: UInt64
  }

  private var times: [Key: UInt64] = [:]

  /// A walk's findings come within milliseconds; a second is plenty, and so is this number in it.
  private static var lifetime: UInt64 { 1_000_000_000 }
  private static var limit: Int { 1 << 16 }

  mutating func note(ring: UInt32, userData: UInt64, time: UInt64) {
    if times.count >= Self.limit {
      times = times.filter { $0.value.advanced(by: Int(Self.lifetime)) > time }
      if times.count >= Self.limit { times = [:] }
    }
    times[Key(ring: ring, userData: userData)] = time
  }

  func contains(ring: UInt32, userData: UInt64, since time: UInt64) -> Bool {
    guard let end = times[Key(ring: ring, userData: userData)] else { return false }
    return end >= time
  }
}
