import ArgumentParser
import UringConfiguration
import UringFields
import UringTrace

/// Appearance of the UI.
struct ScreenOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How often the screen is refreshed, 50ms to 60s. Default: 1s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var interval: DurationArgument?

  @Flag(help: "No colours, as with NO_COLOR set.")
  var monochrome = false

  @Option(
    help: ArgumentHelp(
      "Colours for a dark or a light background, without red and green, or none. Default: for the background that COLORFGBG names, else for either.",
      valueName: "theme"),
    completion: .list(ThemeName.allCases.map(\.rawValue)))
  var theme: ThemeName?

  @Option(
    help: ArgumentHelp(
      "The configuration. Default: uringtop/config.toml in $XDG_CONFIG_HOME or ~/.config; see docs/configuration.md.",
      valueName: "file"),
    completion: .file(extensions: ["toml"]))
  var config: String?

  @Flag(help: "Neither read nor write a configuration.")
  var noConfig = false

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Start with only the requests for which the expression holds, as after F4: see docs/filters.md.",
      valueName: "expression"))
  var requestFilter: String?

  func validate() throws {
    // Any name of a filter is accepted, because the configuration that defines filters is not read
    // yet.
    _ = try Query<Request>(option: requestFilter, over: .requests, filters: .any)
    if let interval, !(Configuration.intervals ~= interval.nanoseconds) {
      throw ValidationError("--interval must be from 50ms to 60s")
    }
    if config != nil, noConfig {
      throw ValidationError("--config and --no-config exclude each other")
    }
  }
}
