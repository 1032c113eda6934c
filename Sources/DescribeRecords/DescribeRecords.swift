import Foundation
import RecordHeaders

/// Build tool: reads the annotated headers of the records and generates the files that depend on the kinds.
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
      let outputs = try RecordOutputs(includes: includes)
      var rest = arguments.dropFirst()
      while let name = rest.popFirst(), let file = rest.popFirst() {
        guard let text = outputs.text(name) else { fail("no output is called \(name)") }
        try text.write(toFile: file, atomically: true, encoding: .utf8)
      }
    } catch {
      fail("\(error)")
    }
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(1)
  }
}
