import ArgumentParser
import UringTrace

/// What this kernel allows.
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
    try StandardOutput.write(try CapabilityReport.make(json: json))
  }
}
