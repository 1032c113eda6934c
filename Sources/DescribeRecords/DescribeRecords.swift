import Foundation

/// Build tool: reads the annotated headers of the records and writes what depends on the kinds.
///
/// Arguments: the include folder, then pairs of an output's name and its file.
@main
struct DescribeRecords {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let includes = arguments.first, !arguments.count.isMultiple(of: 2) else {
      fail("usage: DescribeRecords INCLUDES [OUTPUT FILE]...")
    }
    do {
      let description = try describe(includes: includes)
      var rest = arguments.dropFirst()
      while let name = rest.popFirst(), let file = rest.popFirst() {
        guard let text = output(name, of: description) else { fail("no output is called \(name)") }
        try text.write(toFile: file, atomically: true, encoding: .utf8)
      }
    } catch let error as DescriptionError {
      fail("\(includes)/\(error)")
    } catch {
      fail("\(error)")
    }
  }

  static func describe(includes: String) throws -> RecordDescription {
    var parser = HeaderParser { file in
      try String(contentsOfFile: "\(includes)/\(file)", encoding: .utf8)
    }
    try parser.parse("record.h")
    return try Describer.describe(parser.headers)
  }

  static func output(_ name: String, of description: RecordDescription) -> String? {
    switch name {
    case "descriptors": SwiftDescriptors(description: description).text
    case "dispatch": SwiftDispatch(description: description).text
    case "layout-checks": LayoutChecks(description: description).text
    case "schema": JSONSchema(description: description).text
    case "table": RecordTable(description: description).text
    default: nil
    }
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(1)
  }
}
