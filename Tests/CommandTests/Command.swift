import Foundation
import Testing

/// Runs the binary that was built beside the tests.
struct Command {
  struct Outcome {
    var status: Int32
    var output: Data
    var error: String

    var text: String { String(decoding: output, as: UTF8.self) }
  }

  static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "uringtop")

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs it to its end. Standard input is empty, outputs are no terminal.
  @discardableResult
  static func run(
    _ arguments: String..., environment: [String: String] = [:], program: URL = binary,
    during body: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    try run(arguments, environment: environment, program: program, during: body)
  }

  static func run(
    _ arguments: [String], environment: [String: String] = [:], program: URL = binary,
    during body: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: nothing can block.
    let output = try folder.create("output")
    let error = try folder.create("error")
    process.standardOutput = output
    process.standardError = error
    try process.run()
    try body(process)
    process.waitUntilExit()
    let status =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
    return Outcome(
      status: status, output: try Data(contentsOf: folder["output"]),
      error: String(decoding: try Data(contentsOf: folder["error"]), as: UTF8.self))
  }

  /// Expects one line on standard error that has `text` in it, and the status.
  static func expectFailure(
    _ arguments: String..., status: Int32, says text: String,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try run(arguments, environment: environment)
    #expect(outcome.status == status, "\(outcome.error)", sourceLocation: sourceLocation)
    #expect(outcome.error.contains(text), sourceLocation: sourceLocation)
    #expect(
      outcome.error.hasPrefix("uringtop: ") && outcome.error.hasSuffix("\n")
        && outcome.error.filter(\.isNewline).count == 1,
      "not one line: \(outcome.error)", sourceLocation: sourceLocation)
  }
}

/// A folder that goes when nobody needs it.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "uringtop-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  subscript(_ name: String) -> URL { url.appending(path: name) }

  func path(_ name: String) -> String { self[name].path() }

  func create(_ name: String) throws -> FileHandle {
    try Data().write(to: self[name])
    return try FileHandle(forWritingTo: self[name])
  }
}

/// Whether tests with live capture can run here.
enum Live {
  static let isRequired = ProcessInfo.processInfo.environment["URINGTOP_REQUIRE_LIVE"] == "1"

  /// With URINGTOP_REQUIRE_LIVE=1 they run in any case, and fail where they cannot work.
  static let isOn = isRequired || getuid() == 0
}
