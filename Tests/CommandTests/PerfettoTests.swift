import Foundation
import TestSupport
import Testing

@testable import UringPerfetto

/// Tests of traces for Perfetto.
@Suite struct PerfettoTests {
  /// Recordings that together contain chains, groups, io-wq workers, waits, CQ overflows, and
  /// requests in flight at the end.
  private static let recordings = [
    "Fixtures/6.1/links", "Fixtures/6.12-sqe-group/sqe_group", "Fixtures/6.18/cancel",
    "Fixtures/6.18/file_mix", "Fixtures/6.18/hard_links", "Fixtures/6.18/io_wq",
    "Fixtures/6.18/provided_buffers", "Fixtures/6.18/ring_exit", "Fixtures/6.18/short_write",
    "Fixtures/7.3/cq_overflow", "Fixtures/7.3/fuse_zero_copy", "Fixtures/7.3/send_zc",
    "Ublk/Recordings/7.3/auto", "CommandTests/Recordings/read-on-pipe",
  ]

  private func export(_ recording: String, as name: String, in folder: TemporaryFolder) throws {
    for arguments in [
      ["export", recording, "-o", folder.path(name + ".pftrace")],
      ["export", recording, "-o", folder.path(name + ".jsonl")],
    ] {
      let outcome = try Command.run(arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
    }
    let snapshot = try Command.run("snapshot", "--json", "--from", recording)
    try snapshot.output.write(to: folder[name + ".json"])
  }

  /// Checks that every packet can be parsed, every arrow has two ends, slices nest, and the counts
  /// equal the snapshot's counts.
  @Test func officialDefinitionsAndTheModelAgreeWithTraces() throws {
    let folder = try TemporaryFolder()
    for recording in Self.recordings {
      try export(
        Command.root.appending(path: "Tests/\(recording).uring").path(),
        as: recording.replacing("/", with: "_"), in: folder)
    }
    let cut = try Data(
      contentsOf: Command.root.appending(path: "Tests/Fixtures/6.18/links.uring"))
    try cut.prefix(cut.count * 2 / 3).write(to: folder["cut.uring"])
    try export(folder.path("cut.uring"), as: "cut", in: folder)
    let outcome = try Python.run("Tests/Perfetto/check.py", folder.path(""))
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.text.split(separator: "\n").count == Self.recordings.count + 1)
  }

  @Test func formatAndExtensionGiveTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let recording = Command.root.appending(path: "Tests/Fixtures/6.18/links.uring").path()
    try Command.run("export", recording, "-o", folder.path("trace.pftrace"))
    let streamed = try Command.run("export", recording, "--format", "perfetto")
    #expect(streamed.status == 0)
    #expect(try streamed.output == Data(contentsOf: folder["trace.pftrace"]))
  }

  @Test func redactionNeedsARecordingAsOutput() throws {
    let recording = Command.root.appending(path: "Tests/Fixtures/6.18/links.uring").path()
    let outcome = try Command.run("export", recording, "--redact", "--format", "perfetto")
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("--redact needs a recording as output"))
  }

  @Test func slicesInTheOrderOfTheirEndsNeedNoMoreRowsThanThereAreAtOneTime() {
    var generator = Linear(state: 1)
    var slices = (0..<2_000).map { _ in
      let start = generator.next() % 100_000
      return (start: start, end: start + 1 + generator.next() % 3_000)
    }
    slices.sort { $0.end < $1.end }
    var lanes = Lanes()
    var ends: [Int: UInt64] = [:]
    for slice in slices {
      let lane = lanes.claim(from: slice.start)
      #expect(ends[lane] ?? 0 <= slice.start)
      ends[lane] = slice.end
      lanes.release(lane, at: slice.end)
    }
    let most = slices.map { slice in
      slices.count { $0.start <= slice.start && slice.start < $0.end }
    }.max()
    #expect(lanes.count == most)
  }

  @Test func outputCanBeCutBetweenPackets() {
    var format = WireFormat(appendingTo: [])
    format.field(1) { $0.field(2, String(repeating: "x", count: 300)) }
    let first = format.bytes.count
    format.field(1) { $0.field(2, 7) }
    let all = format.bytes
    for limit in 0...all.count {
      let end = all.withUnsafeBytes { $0.endOfWholeFields(limit: limit) }
      #expect(end == (limit == all.count ? limit : limit >= first ? first : 0))
    }
  }

  /// A random number generator with the same sequence in each run.
  private struct Linear {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }
}
