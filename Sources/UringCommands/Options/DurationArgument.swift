import ArgumentParser
import UringBase

/// A length of time on the command line: a number with `us`, `ms`, `s` or `m`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
  var nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    guard let nanoseconds = Quantity.duration(argument) else { return nil }
    self.nanoseconds = nanoseconds
  }

  var duration: Duration { .nanoseconds(Int64(nanoseconds)) }

  /// In the largest unit of which it is a multiple.
  var defaultValueDescription: String {
    guard nanoseconds > 0 else { return "0s" }
    let unit = TimeUnit.exact(of: nanoseconds, upTo: .minute)
    return "\(nanoseconds / unit.nanoseconds)\(unit.asciiSymbol)"
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
