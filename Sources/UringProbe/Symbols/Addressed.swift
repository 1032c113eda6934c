/// A symbol or mapping that starts at an address.
protocol Addressed {
  var address: UInt64 { get }
}

extension Array where Element: Addressed {
  /// The element that an address is in or behind, nil if all lie above; they are in order of addresses.
  func last(atOrBelow address: UInt64) -> Element? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? self[low - 1] : nil
  }
}
