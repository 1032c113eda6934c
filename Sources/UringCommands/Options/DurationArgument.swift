import ArgumentParser
import UringBase

/// A length of time on the command line: a number with `us`, `ms`, `s` or `m`.
struct DurationArgument: Hashable, Sendable {
  var nanoseconds: UInt64

  /// The parser of each option that takes a duration. A conformance to `ExpressibleByArgument`
  /// could not give the reason for which a value is refused.
  static func parse(_ argument: String) throws -> DurationArgument {
    if let nanoseconds = Quantity.duration(argument) {
      return DurationArgument(nanoseconds: nanoseconds)
    }
    if Quantity.duration(argument + "s") != nil {
      throw ValidationError(
        "'\(argument)' has no unit; write \(argument)s or \(argument)ms")
    }
    throw ValidationError("a duration is \(syntax)")
  }

  var duration: Duration { .nanoseconds(Int64(nanoseconds)) }

  /// The duration in the largest unit of which it is a multiple.
  var text: String {
    nanoseconds == 0 ? "0s" : Figures.wholeDuration(nanoseconds, upTo: .minute)
  }

  static let syntax = "a number with us, ms, s or m, as 10ms or 2.5s"
}
