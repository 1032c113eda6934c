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
    let units: [(length: UInt64, name: String)] = [
      (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"),
    ]
    guard nanoseconds > 0 else { return "0s" }
    let unit = units.first { nanoseconds.isMultiple(of: $0.length) }
    return unit.map { "\(nanoseconds / $0.length)\($0.name)" } ?? "\(nanoseconds)ns"
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
