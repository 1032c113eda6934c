import Foundation
import RecordHeaders

/// Build tool that reads the annotated headers of the records (bpf/include/records) and generates
/// the files that depend on the record kinds.
///
/// Arguments: the include folder, then for each output its name and the file to write.
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
