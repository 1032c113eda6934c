/// Numbers with units, as users type them.
package enum Quantity {
  /// Nanoseconds of a duration such as `300ms`, `2.5s`, `1m30s` or `0`. Nil for other text, and for
  /// durations of more than 31 years.
  package static func duration(_ text: some StringProtocol) -> UInt64? {
    if text == "0" { return 0 }
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let symbol = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(symbol.count)
      guard let number = Double(digits), let unit = TimeUnit(typed: symbol) else { return nil }
      total += number * Double(unit.nanoseconds)
    }
    return total < 1e18 ? UInt64(total.rounded()) : nil
  }

  /// A size such as `4096`, `4K` or `0x1000`; nil for other text.
  package static func bytes(_ text: some StringProtocol) -> UInt64? {
    guard let last = text.last else { return nil }
    let prefix = String(last).uppercased()
    guard let power = Figures.binaryPrefixes.firstIndex(of: prefix), !text.hasPrefix("0x") else {
      return number(text)
    }
    guard let number = number(text.dropLast()) else { return nil }
    let (product, overflows) = number.multipliedReportingOverflow(by: 1 << (10 * UInt64(power + 1)))
    return overflows ? nil : product
  }

  /// A number, decimal or hexadecimal with `0x`; nil for other text.
  package static func number(_ text: some StringProtocol) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }
}
