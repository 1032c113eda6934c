import Foundation

/// Runs the uringtop binary that was built together with the tests.
public enum Command {
  public struct Outcome {
    public var status: Int32
    public var output: Data
    public var error: String

    public var text: String { String(decoding: output, as: UTF8.self) }
  }

  public static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "uringtop")

  public static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs a program (default: the uringtop binary) until it exits, and calls `body` while the
  /// program runs. Standard input is empty, and the outputs are not terminals.
  @discardableResult
  public static func run(
    _ arguments: String..., environment: [String: String] = [:], program: URL = binary,
    during body: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    try run(arguments, environment: environment, program: program, during: body)
  }

  @discardableResult
  public static func run(
    _ arguments: [String], environment: [String: String] = [:], program: URL = binary,
    during body: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Uses files instead of pipes, so that the program's writes cannot block.
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
}
