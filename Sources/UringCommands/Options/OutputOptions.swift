import ArgumentParser
import UringRecordings

/// Output path and format of a trace.
struct OutputOptions: OutputPath {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "Output file; - is standard output. The extension, .jsonl or .uring, selects the format.",
      valueName: "file"),
    completion: .recording)
  var path: String?

  @Option(
    help: ArgumentHelp(
      "jsonl, or uring for the binary recording. Default: by the file's extension.",
      valueName: "format"))
  var format: FormatArgument?

  /// Formats of a trace, as named on the command line.
  enum FormatArgument: String, ExpressibleByArgument, CaseIterable {
    case jsonl
    case uring
  }

  func validate() throws { try validatePath() }

  /// - Returns: the format; by default JSON lines on standard output.
  func resolvedFormat() throws(ValidationError) -> TraceFormat {
    switch format {
    case .jsonl?: return .jsonl
    case .uring?: return .uring
    case nil: return try TraceFormat(target: target, extensions: "neither .jsonl nor .uring")
    }
  }
}

extension TraceFormat {
  /// The format for an output path on the command line: JSON lines for standard output, otherwise
  /// by the extension.
  ///
  /// - Parameter extensions: a phrase for the error message about any other extension, such as
  ///   "neither .jsonl nor .uring".
  init(target: String, extensions: String) throws(ValidationError) {
    if target == "-" {
      self = .jsonl
      return
    }
    guard let format = TraceFormat(path: target) else {
      throw ValidationError(
        "'\(target)' ends in \(extensions): choose a format with --format")
    }
    self = format
  }
}
