/// Numbers of processors as the kernel lists them: "0-3,5".
package struct ProcessorList: Hashable, Sendable {
  /// Ranges of processors, in order and not adjacent.
  private var ranges: [ClosedRange<Int>] = []

  /// Parses a list; nil if the text is empty or not such a list.
  package init?(_ text: some StringProtocol) {
    for part in text.split(separator: ",") {
      let bounds = part.split(separator: "-").compactMap { Int($0) }
      guard bounds.count == 1 || bounds.count == 2, bounds[0] <= bounds[bounds.count - 1] else {
        return nil
      }
      insert(bounds[0]...bounds[bounds.count - 1])
    }
    guard !ranges.isEmpty else { return nil }
  }

  private mutating func insert(_ range: ClosedRange<Int>) {
    var merged = range
    ranges.removeAll { other in
      // Subtracts rather than adds: processor numbers are not negative, but can be as large as the
      // type allows.
      guard other.lowerBound - 1 <= merged.upperBound, merged.lowerBound - 1 <= other.upperBound
      else { return false }
      merged =
        min(merged.lowerBound, other.lowerBound)...max(merged.upperBound, other.upperBound)
      return true
    }
    ranges.append(merged)
    ranges.sort { $0.lowerBound < $1.lowerBound }
  }

  package mutating func formUnion(_ other: Self) {
    for range in other.ranges { insert(range) }
  }

  package func overlaps(_ other: Self) -> Bool {
    ranges.contains { range in other.ranges.contains { $0.overlaps(range) } }
  }

  package func isSuperset(of other: Self) -> Bool {
    other.ranges.allSatisfy { range in
      ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }
  }

  package var text: String {
    ranges.map { range in
      let (first, last) = (range.lowerBound, range.upperBound)
      return first == last ? "\(first)" : "\(first)-\(last)"
    }.joined(separator: ",")
  }
}
