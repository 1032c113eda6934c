import CRecord

/// Tracks changes to the memory of requests in flight.
struct MemoryTracker {
  /// The first change to each request's memory, replaced by the call that explains it if that is seen later.
  private(set) var changes = BoundedCache<Request.ID, MemoryChange>(limit: 1024)

  /// Maximum number of requests in flight that one call is compared with.
  static var reach: Int { 4096 }

  mutating func note(_ change: MemoryChange, of request: Request.ID) {
    if let known = changes[request], known.call != nil || change.call == nil { return }
    changes[request] = change
  }
}
