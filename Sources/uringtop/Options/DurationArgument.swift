import ArgumentParser
import UringBase

/// A length of time on the command line: a number with `us`, `ms`, `s` or `m`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
  var nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), let unit = TimeUnit(typed: argument[digits.endIndex...]),
      number * Double(unit.nanoseconds) < 1e18
    else { return nil }
    nanoseconds = UInt64((number * Double(unit.nanoseconds)).rounded())
  }

  var duration: Duration { .nanoseconds(Int64(nanoseconds)) }

  var defaultValueDescription: String {
    nanoseconds.isMultiple(of: 1_000_000_000)
      ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
