extension Array {
  /// Returns the index of the first element that passes; the count if none passes. All elements
  /// after the first that passes must pass too.
  func partitioningIndex(where passes: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if passes(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
