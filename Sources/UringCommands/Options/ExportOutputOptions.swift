import ArgumentParser
import UringRecordings

/// Output path and format of an exported trace.
struct ExportOutputOptions: OutputPath {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "Output file; - is standard output. The extension, .jsonl, .uring, .csv or .pftrace, selects the format.",
      valueName: "file"),
    completion: .file(extensions: ["jsonl", "uring", "csv", "pftrace"]))
  var path: String?

  @Option(
    help: ArgumentHelp(
      "jsonl, uring for the binary recording, or perfetto. Default: by the file's extension.",
      valueName: "format"))
  var format: FormatArgument?

  /// Formats of an exported trace, as named on the command line.
  enum FormatArgument: String, ExpressibleByArgument, CaseIterable {
    case jsonl
    case uring
    case perfetto
  }

  var isPerfetto: Bool {
    format == .perfetto || format == nil && target.lowercased().hasSuffix(".pftrace")
  }

  func validate() throws { try validatePath() }

  /// - Returns: the format of a trace that uringtop can read back; by default JSON lines on
  ///   standard output.
  func resolvedFormat() throws(ValidationError) -> TraceFormat {
    switch format {
    case .jsonl?: .jsonl
    case .uring?: .uring
    case .perfetto?, nil:
      try TraceFormat(target: target, extensions: "none of .jsonl, .uring, .csv and .pftrace")
    }
  }
}
