extension Figures {
  /// The distance of a moment from `now`, for cells of tables: `2.10s ago`, `in 2.10s`.
  package static func distance(to time: UInt64, from now: UInt64) -> String {
    time > now ? "in \(alignedDuration(time - now))" : "\(alignedDuration(now - time)) ago"
  }
}
