import Foundation
import Testing

/// Validates documents with Debian's python3-jsonschema.
enum Schema {
  /// - Parameter schema: name of the schema in `docs/schema/<schema>.schema.json`.
  static func validate(_ path: String, isLines: Bool, schema: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = [
      root.appending(path: "Tests/validate.py").path(),
      root.appending(path: "docs/schema/\(schema).schema.json").path(), path,
      isLines ? "lines" : "document",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
  }
}
