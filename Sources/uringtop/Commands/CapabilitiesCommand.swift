import ArgumentParser
import UringProbe
import UringTrace

/// Lists the features that this kernel supports.
struct CapabilitiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capabilities",
    abstract: "Tells what this kernel allows, and what is lost where it does not.",
    discussion: """
      EXAMPLES:
        uringtop capabilities
        uringtop capabilities --json | jq .tier
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let report = CapabilityReport(Capabilities.detect())
    if json {
      try StandardOutput.write(report.json)
    } else {
      try StandardOutput.write(report.text)
    }
  }
}
