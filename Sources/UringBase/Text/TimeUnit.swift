/// Units of time, and their symbols.
package enum TimeUnit: Int, CaseIterable, Sendable {
  case nanosecond, microsecond, millisecond, second, minute, hour, day

  package var nanoseconds: UInt64 {
    switch self {
    case .nanosecond: 1
    case .microsecond: 1_000
    case .millisecond: 1_000_000
    case .second: 1_000_000_000
    case .minute: 60_000_000_000
    case .hour: 3_600_000_000_000
    case .day: 86_400_000_000_000
    }
  }

  package var symbol: String {
    switch self {
    case .nanosecond: "ns"
    case .microsecond: "µs"
    case .millisecond: "ms"
    case .second: "s"
    case .minute: "m"
    case .hour: "h"
    case .day: "d"
    }
  }

  /// Symbols accepted as input: `us` also means microseconds. Days are not accepted.
  package init?(typed symbol: some StringProtocol) {
    let typed = Self.allCases.filter { $0 != .day }
    guard let unit = typed.first(where: { $0.asciiSymbol == symbol || $0.symbol == symbol })
    else { return nil }
    self = unit
  }

  /// The symbol in a sentence, where `m` would be read as metres.
  package var abbreviation: String { self == .minute ? "min" : symbol }

  package var asciiSymbol: String { self == .microsecond ? "us" : symbol }

  /// The largest unit, up to `limit`, that is at most `nanoseconds`.
  package static func largest(in nanoseconds: UInt64, upTo limit: TimeUnit = .second) -> TimeUnit {
    allCases.last { $0.rawValue <= limit.rawValue && nanoseconds >= $0.nanoseconds } ?? .nanosecond
  }

  /// The largest unit, up to `limit`, that `nanoseconds` is a multiple of.
  package static func exact(of nanoseconds: UInt64, upTo limit: TimeUnit = .second) -> TimeUnit {
    allCases.last { $0.rawValue <= limit.rawValue && nanoseconds % $0.nanoseconds == 0 }
      ?? .nanosecond
  }
}
