import Foundation
import TestSupport
import Testing

/// uringtop's output for every recording equals the captured output. `make golden` captures it again and prints the
/// differences.
@Suite struct GoldenTests {
  private static let isCapturing =
    ProcessInfo.processInfo.environment["URINGTOP_GOLDEN"] == "capture"

  /// Maximum number of lines of a difference that a failure prints.
  private static let limit = 60

  init() {
    setenv("TZ", "UTC", 1)
    tzset()
  }

  @Test(arguments: GoldenFile.all)
  func outputIsAsCaptured(_ golden: GoldenFile) throws {
    let text = try RecordingOutput(path: golden.recording).text
    let difference = try golden.difference(to: text)
    if Self.isCapturing {
      print(difference, terminator: "")
      if !difference.isEmpty { try golden.capture(text) }
    } else {
      let lines = difference.split(separator: "\n", omittingEmptySubsequences: false)
      let more = lines.count > Self.limit ? "\n… and \(lines.count - Self.limit) more lines" : ""
      let shown = lines.prefix(Self.limit).joined(separator: "\n")
      if !difference.isEmpty { Issue.record("\n\(shown)\(more)") }
    }
  }

  @Test(.disabled(if: isCapturing)) func everyRecordingIsCaptured() {
    #expect(GoldenFile.captured == GoldenFile.all.map(\.name))
    #expect(GoldenFile.all.count > 60)
  }
}
