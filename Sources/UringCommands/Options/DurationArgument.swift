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

  var defaultValueDescription: String {
    nanoseconds.isMultiple(of: 1_000_000_000)
      ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
