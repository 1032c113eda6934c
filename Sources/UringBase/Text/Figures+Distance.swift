extension Figures {
  /// For cells, how long before or after `now` a moment is: `2.10s ago`, `in 2.10s`.
  package static func distance(to time: UInt64, from now: UInt64) -> String {
    time > now ? "in \(alignedDuration(time - now))" : "\(alignedDuration(now - time)) ago"
  }
}
