import ArgumentParser

/// Appearance of the UI.
struct ScreenOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How often the screen is refreshed, 50ms to 60s. Default: 1s.", valueName: "duration"))
  var interval = DurationArgument(nanoseconds: 1_000_000_000)

  @Flag(help: "No colours, as with NO_COLOR set.")
  var monochrome = false

  func validate() throws {
    guard 50_000_000...60_000_000_000 ~= interval.nanoseconds else {
      throw ValidationError("--interval must be from 50ms to 60s")
    }
  }
}
