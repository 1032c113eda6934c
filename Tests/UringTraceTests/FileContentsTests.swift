import Foundation
import SystemPackage
import Testing

@testable import UringRecordings

@Suite struct FileContentsTests {
  /// kB of a file's mapping that are in memory.
  private func resident(_ path: String) throws -> Int {
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let smaps = try file.readToEnd() ?? Data()
    let lines = String(decoding: smaps, as: UTF8.self).split(separator: "\n")
      .drop { !$0.hasSuffix(path) }
    let line = try #require(lines.first { $0.hasPrefix("Rss:") })
    return try #require(Int(line.split(separator: " ")[1]))
  }

  @Test func evictedBytesUseNoMemoryAndCanStillBeRead() throws {
    let path = TemporaryFile.path("contents")
    defer { unlink(path) }
    let expected = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 / 3) }
    try Data(expected).write(to: URL(filePath: path))
    let contents = try FileContents(path: FilePath(path))
    #expect(Array(contents.bytes) == expected)
    #expect(try resident(path) >= 40)
    contents.evict(5_000..<45_000)
    // The pages that it shares with bytes before and behind it may stay.
    #expect(try resident(path) <= 16)
    #expect(Array(contents.bytes) == expected)
  }
}
