extension Aggregator {
  public var totals: RequestTotals { rings.requestTotals }

  /// Number of requests, buffers, groups and histograms kept: a measure of the memory use of the
  /// aggregator and of its snapshots.
  package var entryCount: Int {
    requests.entryCount + lending.entryCount + statistics.entryCount
  }

  /// Counts a request that was found without its submission record. After lost records, counts it
  /// only if it is older than the observation: a younger request may already be counted as
  /// submitted.
  mutating func countFound(on ring: Handle<RingState>, isOlder: Bool = false) {
    if isOlder || requests.lossTime == 0 { rings.countFound(on: ring) }
  }
}
