import CRecord

/// Tracks changes to the memory of requests in flight.
struct MemoryTracker {
  /// The first change found in each request's memory. If the system call that made the change is
  /// seen later, the change from the call's record replaces the entry.
  private(set) var changes = BoundedCache<Request.ID, MemoryChange>(limit: 1024)

  /// Maximum number of requests in flight whose memory is compared with the memory that one system
  /// call removed.
  static var reach: Int { 4096 }

  mutating func note(_ change: MemoryChange, of request: Request.ID) {
    if let known = changes[request], known.call != nil || change.call == nil { return }
    changes[request] = change
  }
}
