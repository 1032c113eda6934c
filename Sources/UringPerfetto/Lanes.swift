/// Rows for slices that must not overlap.
///
/// Of the rows that are free when a slice begins, the slice gets the row that became free last. If
/// slices are added in the order of their ends, the number of rows never exceeds the number of
/// simultaneous slices.
struct Lanes {
  /// Free rows in the order in which they became free.
  private var free: [(end: UInt64, lane: Int)] = []
  /// Number of rows created.
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

  /// The number of free rows that became free at `time` or earlier.
  private func position(after time: UInt64) -> Int {
    var (low, high) = (0, free.count)
    while low < high {
      let middle = (low + high) / 2
      if free[middle].end <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
