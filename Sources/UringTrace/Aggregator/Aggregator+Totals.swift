extension Aggregator {
  public var totals: RequestTotals { rings.requestTotals }

  /// Number of requests, buffers, groups and histograms kept: a measure of memory use, also of a snapshot's.
  package var entryCount: Int {
    requests.entryCount + lending.entryCount + statistics.entryCount
  }

  /// Counts a request found without its submission. After a loss the request may already be among those counted
  /// as submitted.
  mutating func countFound(on ring: Handle<RingState>, isOlder: Bool = false) {
    if isOlder || requests.lossTime == 0 { rings.countFound(on: ring) }
  }
}
