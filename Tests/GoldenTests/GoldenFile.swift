import Foundation
import TestSupport

/// The captured output for one recording: a compressed text file below Tests/Golden.
struct GoldenFile: Sendable, CustomStringConvertible {
  /// Path of the recording below Tests, without its extension: `Fixtures/6.18/links`.
  let name: String

  private static let tests = Command.root.appending(path: "Tests", directoryHint: .isDirectory)
  private static let folder = tests.appending(path: "Golden", directoryHint: .isDirectory)

  /// A file for each recording except those of Tests/Hostile, some of which are unreadable; see HostileRecordingTests.
  static let all = names(in: tests, extension: ".uring")
    .filter { !$0.hasPrefix("Hostile/") }.map(GoldenFile.init)

  /// Names of the captures that exist.
  static var captured: [String] { names(in: folder, extension: ".txt.xz") }

  private static func names(in folder: URL, extension suffix: String) -> [String] {
    let paths = FileManager.default.enumerator(atPath: folder.path())?.compactMap { $0 as? String }
    return (paths ?? []).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
      .sorted()
  }

  var description: String { name }

  var recording: String { Self.tests.appending(path: "\(name).uring").path() }

  private var url: URL { Self.folder.appending(path: "\(name).txt.xz") }

  /// A unified diff from the captured text to this one; empty if they are equal.
  func difference(to text: String) throws -> String {
    let captured = try Command.run("-dc", url.path(), program: Self.xz)
    guard captured.status == 0 else { return captured.error }
    if captured.output == Data(text.utf8) { return "" }
    let folder = try TemporaryFolder()
    try captured.output.write(to: folder["captured"])
    try Data(text.utf8).write(to: folder["now"])
    return try Command.run(
      "-U2", "-F", "^=== ", "--label", "captured \(name)", "--label", "now \(name)",
      folder.path("captured"), folder.path("now"), program: URL(filePath: "/usr/bin/diff")
    ).text
  }

  func capture(_ text: String) throws {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let folder = try TemporaryFolder()
    try Data(text.utf8).write(to: folder["text"])
    let compressed = try Command.run("-9ec", folder.path("text"), program: Self.xz)
    try compressed.output.write(to: url)
  }

  private static let xz = URL(filePath: "/usr/bin/xz")
}
