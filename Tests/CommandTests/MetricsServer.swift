import Foundation
import ProbeSupport
import TestSupport
import Testing

/// A `uringtop serve` process that runs during a test.
final class MetricsServer {
  let process = Process()
  private(set) var port: UInt16 = 0
  private let error = Pipe()
  private let folder: TemporaryFolder

  init(_ arguments: String...) throws {
    folder = try TemporaryFolder()
    process.executableURL = Command.binary
    process.arguments = ["serve"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = error
    try process.run()
    var text = ""
    while !text.contains("serving ") {
      let data = error.fileHandleForReading.availableData
      try #require(!data.isEmpty, "\(text)")
      text += String(decoding: data, as: UTF8.self)
    }
    let after = text.split(separator: "127.0.0.1:").dropFirst().first
    port = after.flatMap { UInt16($0.prefix { $0.isNumber }) } ?? 0
  }

  deinit { end() }

  @discardableResult
  func end() -> Int32 {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Returns the value of the metrics sample whose line begins with `sample`; nil if there is no
  /// such sample.
  func value(_ sample: String) throws -> UInt64? {
    try HTTPConnection.get("/metrics", port: port).split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix(sample) }
      .flatMap { $0.split(separator: " ").last }.flatMap { UInt64($0) }
  }
}

/// A copy of a test program under a name that no other process has. The tests need this name
/// because other tests run at the same time.
struct NamedProgram {
  let name: String
  let path: String

  init(_ program: String, in folder: TemporaryFolder) throws {
    // The kernel keeps 15 bytes of a process name.
    name = "t" + UUID().uuidString.replacing("-", with: "").lowercased().prefix(14)
    path = folder.path(name)
    try FileManager.default.copyItem(atPath: TestPrograms.path(program), toPath: path)
  }
}
