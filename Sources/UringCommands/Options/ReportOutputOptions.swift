import ArgumentParser

/// Format and output file of a report.
struct ReportOutputOptions: OutputPath {
  /// Formats of a report, as named on the command line.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    case junit
    case github
    case html
  }

  @Flag(help: "Print the JSON document that docs/json.md describes: --format json.")
  var json = false

  @Flag(help: "Write one self-contained page for a browser: --format html.")
  var html = false

  @Option(
    help: ArgumentHelp(
      "text; json; html; junit, a test result; github, annotations of a workflow.",
      valueName: "format"))
  var format: Format?

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Output file; - is standard output, the default.", valueName: "file"),
    completion: .file())
  var path: String?

  var resolvedFormat: Format { format ?? (json ? .json : html ? .html : .text) }

  /// True if a program reads standard output, so that nothing else may appear there.
  var isForPrograms: Bool { resolvedFormat != .text && target == "-" }

  func validate() throws {
    try validatePath()
    let chosen = Set([format, json ? .json : nil, html ? .html : nil].compactMap { $0 })
    guard chosen.count < 2 else {
      throw ValidationError("a report has one format: --json, --html or --format")
    }
  }
}
