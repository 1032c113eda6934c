/// Figures in the sentences of findings.
enum Words {
  /// Three digits at most and a unit, as `1.25 ms`.
  static func duration(_ nanoseconds: UInt64) -> String {
    let units: [(size: UInt64, name: String)] = [
      (60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"),
    ]
    for (size, name) in units where nanoseconds >= size {
      return "\(number(Double(nanoseconds) / Double(size))) \(name)"
    }
    return "\(nanoseconds) ns"
  }

  static func number(_ value: Double) -> String {
    let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
    let rounded = (value * decimals).rounded() / decimals
    return rounded == rounded.rounded() ? "\(UInt64(rounded))" : "\(rounded)"
  }

  /// `1 request`, `3 requests`.
  static func count(_ count: some BinaryInteger, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }

  /// The first, and how many more there are.
  static func list(_ items: [String], of total: Int, shown: Int = 3) -> String {
    let rest = total - min(shown, items.count)
    let text = items.prefix(shown).joined(separator: ", ")
    return rest > 0 ? "\(text) and \(rest) more" : text
  }

  static func percent(_ part: UInt64, of whole: UInt64) -> UInt64 {
    whole == 0 ? 0 : UInt64((Double(part) * 100 / Double(whole)).rounded())
  }

  /// Name of a negative result.
  static func error(_ result: Int32) -> String { Errno(result: result)?.name ?? "\(result)" }
}

extension Finding.Number {
  init(_ name: String, _ value: some BinaryInteger) {
    self.init(name: name, value: UInt64(clamping: value))
  }
}
