import Foundation

/// The files generated from the headers of the records.
public struct RecordOutputs: Sendable {
  let description: RecordDescription

  /// Parses record.h in the folder `includes`, and the headers that it includes.
  public init(includes: String) throws {
    var parser = HeaderParser { file in
      try String(contentsOfFile: "\(includes)/\(file)", encoding: .utf8)
    }
    do {
      try parser.parse("record.h")
      description = try Describer.describe(parser.headers)
    } catch var error as DescriptionError {
      error.line.file = "\(includes)/\(error.line.file)"
      throw error
    }
  }

  /// Returns the text of an output; nil if no output has this name.
  public func text(_ name: String) -> String? {
    switch name {
    case "descriptors": SwiftDescriptors(description: description).text
    case "dispatch": SwiftDispatch(description: description).text
    case "layout-checks": LayoutChecks(description: description).text
    case "schema": JSONSchema(description: description).text
    case "table": RecordTable(description: description).text
    default: nil
    }
  }
}
