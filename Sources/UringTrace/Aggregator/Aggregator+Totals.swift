extension Aggregator {
  public var totals: RequestTotals { rings.requestTotals }

  /// Requests, buffers, groups and histograms that are kept: a measure of the memory for them and for a snapshot.
  package var entryCount: Int {
    requests.entryCount + lending.entryCount + statistics.entryCount
  }

  /// Counts a request that is known without a submission. After a loss its submission can be among those that
  /// were only counted.
  mutating func countFound(on ring: Handle<RingState>, isOlder: Bool = false) {
    if isOlder || requests.lossTime == 0 { rings.countFound(on: ring) }
  }
}
