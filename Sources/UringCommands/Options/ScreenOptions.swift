import ArgumentParser
import UringFields
import UringTrace

/// Appearance of the UI.
struct ScreenOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How often the screen is refreshed, 50ms to 60s. Default: 1s.", valueName: "duration"))
  var interval = DurationArgument(nanoseconds: 1_000_000_000)

  @Flag(help: "No colours, as with NO_COLOR set.")
  var monochrome = false

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Start with only the requests for which the expression holds, as after F4: see docs/filters.md.",
      valueName: "expression"))
  var requestFilter: String?

  func validate() throws {
    _ = try Query<Request>(option: requestFilter, over: .requests)
    guard 50_000_000...60_000_000_000 ~= interval.nanoseconds else {
      throw ValidationError("--interval must be from 50ms to 60s")
    }
  }
}
