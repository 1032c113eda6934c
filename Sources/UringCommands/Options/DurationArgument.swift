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
    nanoseconds == 0 ? "0s" : Figures.wholeDuration(nanoseconds, upTo: .minute)
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
