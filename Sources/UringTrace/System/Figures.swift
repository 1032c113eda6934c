/// Figures for people, with three digits at most.
package enum Figures {
  /// In the largest unit that there is one of, given the names of nanoseconds, microseconds,
  /// milliseconds, seconds and minutes.
  package static func duration(_ nanoseconds: UInt64, units: [String]) -> String {
    let sizes: [UInt64] = [1_000, 1_000_000, 1_000_000_000, 60_000_000_000]
    guard let position = sizes.lastIndex(where: { nanoseconds >= $0 }) else {
      return "\(nanoseconds)\(units[0])"
    }
    return number(Double(nanoseconds) / Double(sizes[position])) + units[position + 1]
  }

  package static func number(_ value: Double) -> String {
    let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
    let rounded = (value * decimals).rounded() / decimals
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
