/// Times of overflowed CQEs whose requests were never seen. The key is the ring and the
/// `user_data`, because the records of overflowed CQEs do not name the request. Without these
/// entries, the result of an inventory walk (BPF iterator) that found such a request just before
/// its end would add the request as in flight.
struct UnseenOverflows {
  private struct Key: Hashable {
    var ring: Handle<RingState>
    var userData: UInt64
  }

  private var times: [Key: UInt64] = [:]

  /// Nanoseconds for which an entry is needed, and maximum number of entries. The results of a walk
  /// arrive within milliseconds, so a second is ample. The limit is ample for the requests that end
  /// within a second.
  private static var lifetime: UInt64 { 1_000_000_000 }
  private static var limit: Int { 1 << 16 }

  mutating func note(ring: Handle<RingState>, userData: UInt64, time: UInt64) {
    if times.count >= Self.limit {
      times = times.filter { $0.value.addingSaturated(Self.lifetime) > time }
      if times.count >= Self.limit { times = [:] }
    }
    times[Key(ring: ring, userData: userData)] = time
  }

  func contains(ring: Handle<RingState>, userData: UInt64, since time: UInt64) -> Bool {
    guard let end = times[Key(ring: ring, userData: userData)] else { return false }
    return end >= time
  }
}

extension UInt64 {
  package func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
