import ArgumentParser

/// A length of time on the command line: a number with `us`, `ms`, `s` or `m`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
  var nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let factors = ["ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9]
    guard let number = Double(digits), let factor = factors[String(argument[digits.endIndex...])],
      number * factor < 1e18
    else { return nil }
    nanoseconds = UInt64((number * factor).rounded())
  }

  var duration: Duration { .nanoseconds(Int64(nanoseconds)) }

  var defaultValueDescription: String {
    nanoseconds.isMultiple(of: 1_000_000_000)
      ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
