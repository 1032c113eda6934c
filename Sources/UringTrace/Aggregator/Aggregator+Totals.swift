extension Aggregator {
  public var totals: RequestTotals { rings.requestTotals }

  /// Requests, buffers, groups and histograms kept: a measure of the memory for them and for a snapshot.
  package var entryCount: Int {
    requests.entryCount + lending.entryCount + statistics.entryCount
  }

  /// Counts a request found without its submission. After a loss the request may already be among those counted
  /// as submitted.
  mutating func countFound(on ring: Handle<RingState>, isOlder: Bool = false) {
    if isOlder || requests.lossTime == 0 { rings.countFound(on: ring) }
  }
}
