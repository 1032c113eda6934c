import ArgumentParser
import UringProbe
import UringTrace

/// Lists the features that this kernel supports.
struct CapabilitiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capabilities",
    abstract: "Shows which features this kernel supports and what you lose without the rest.",
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
