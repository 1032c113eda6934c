/// Rows for slices that must not overlap.
///
/// Each slice takes the row that became free last before the slice begins. If slices come in the order of their ends,
/// there are then no more rows than slices at one time.
struct Lanes {
  /// Free rows in the order in which they became free.
  private var free: [(end: UInt64, lane: Int)] = []
  /// Rows ever made.
  private(set) var count = 0

  /// The row of a slice that begins at `start`. It is free again after ``release(_:at:)``.
  mutating func claim(from start: UInt64) -> Int {
    let index = position(after: start)
    guard index > 0 else {
      count += 1
      return count - 1
    }
    return free.remove(at: index - 1).lane
  }

  mutating func release(_ lane: Int, at end: UInt64) {
    free.insert((end, lane), at: position(after: end))
  }

  /// The number of rows that became free at `time` or before.
  private func position(after time: UInt64) -> Int {
    var (low, high) = (0, free.count)
    while low < high {
      let middle = (low + high) / 2
      if free[middle].end <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
