import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import UringRecordings

@Suite struct FileContentsTests {
  private let folder: TemporaryFolder
  private let contents: FileContents
  private let expected: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    expected = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 / 3) }
    try Data(expected).write(to: folder["file"])
    contents = try FileContents(path: FilePath(folder.path("file")))
  }

  /// kB of the mapping that are in memory.
  private func resident() throws -> Int {
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let smaps = try file.readToEnd() ?? Data()
    let maps = String(decoding: smaps, as: UTF8.self)
    let name = folder.url.lastPathComponent + "/file"
    let lines = maps.split(separator: "\n").drop { !$0.hasSuffix(name) }
    let line = try #require(lines.first { $0.hasPrefix("Rss:") })
    return try #require(Int(line.split(separator: " ")[1]))
  }

  @Test func evictedBytesUseNoMemoryAndCanStillBeRead() throws {
    #expect(Array(contents.bytes) == expected)
    #expect(try resident() >= 40)
    contents.evict(5_000..<45_000)
    // The pages that it shares with bytes before and behind it may stay.
    #expect(try resident() <= 16)
    #expect(Array(contents.bytes) == expected)
  }
}
