import Foundation
import TestSupport
import Testing
import UringTrace

extension LiveTests {
  /// Compares fio's own request and byte counts with uringtop's.
  @Suite struct FioTests {
    struct Job: CustomStringConvertible, Sendable {
      var description: String
      var options: [String]

      init(_ description: String, _ options: String...) {
        self.description = description
        self.options = options
      }
    }

    static let jobs = [
      Job("random reads", "--rw=randread", "--iodepth=16"),
      Job("buffered reads and writes", "--rw=randrw", "--iodepth=8", "--direct=0"),
      Job("fixed buffers", "--rw=randread", "--iodepth=8", "--fixedbufs=1"),
      Job("registered files", "--rw=randwrite", "--iodepth=4", "--registerfiles=1"),
      Job("SQ thread", "--rw=randread", "--iodepth=8", "--sqthread_poll=1", "--registerfiles=1"),
      Job("two processes, vectors", "--rw=randrw", "--iodepth=4", "--numjobs=2", "--nonvectored=0"),
      Job("with fsync", "--rw=write", "--iodepth=2", "--fsync=64"),
    ]

    @Test(arguments: jobs)
    func requestsAndBytesAreEqual(_ job: Job) throws {
      let folder = try TemporaryFolder()
      let recorded = try RecordedCommand(
        [
          "fio", "--name=x", "--ioengine=io_uring", "--bs=4k", "--size=4m", "--group_reporting",
          "--filename=\(folder.path("data"))", "--output-format=json",
        ] + job.options)
      #expect(recorded.status == 0, "\(recorded.error)")
      // fio may print other text before its JSON.
      let json = recorded.output.drop { $0 != UInt8(ascii: "{") }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let told = try #require(try decoder.decode(Report.self, from: Data(json)).jobs.first)

      #expect(recorded.snapshot.lost.total == 0)
      let total = told.read.totalIos + told.write.totalIos + told.sync.totalIos
      #expect(recorded.sum(\.submitted) == total)
      #expect(recorded.sum(\.completed) == total)
      #expect(recorded.sum(\.bytesRead) == told.read.ioBytes)
      #expect(recorded.sum(\.bytesWritten) == told.write.ioBytes)
      #expect(recorded.completed("FSYNC") == told.sync.totalIos)
      #expect(recorded.sum(\.errors) == 0)
      #expect(recorded.sum(\.unmatched) == 0)
      #expect(recorded.snapshot.requests.isEmpty)
    }

    private struct Report: Decodable {
      var jobs: [Job]
      struct Job: Decodable {
        var read: Direction
        var write: Direction
        var sync: Sync
      }
      struct Direction: Decodable {
        var totalIos: UInt64
        var ioBytes: UInt64
      }
      struct Sync: Decodable {
        var totalIos: UInt64
      }
    }
  }

  /// Tests with QEMU's disk benchmark (qemu-img bench), a program that was not written for these
  /// tests.
  @Suite struct QemuTests {
    @Test func readsAreAsManyAsAskedFor() throws {
      let folder = try TemporaryFolder()
      let recorded = try bench(folder, ["-c", "1000", "-d", "8"])
      #expect(recorded.sum(\.submitted) == 1000)
      #expect(recorded.sum(\.completed) == 1000)
      #expect(recorded.sum(\.bytesRead) == 1000 * 4096)
      #expect(recorded.completed("READV") + recorded.completed("READ") == 1000)
      #expect(recorded.snapshot.requests.isEmpty)
    }

    @Test func writesAndFlushesAreAsManyAsAskedFor() throws {
      let folder = try TemporaryFolder()
      let recorded = try bench(
        folder, ["-c", "500", "-d", "4", "-w", "--flush-interval", "100", "-t", "none"])
      #expect(recorded.completed("FSYNC") == 5)
      #expect(recorded.sum(\.completed) == 505)
      #expect(recorded.sum(\.bytesWritten) == 500 * 4096)
      #expect(recorded.sum(\.errors) == 0)
    }

    private func bench(_ folder: TemporaryFolder, _ options: [String]) throws -> RecordedCommand {
      let image = try folder.create("image")
      try image.truncate(atOffset: 8 << 20)
      try image.close()
      let recorded = try RecordedCommand(
        ["qemu-img", "bench", "-f", "raw", "-i", "io_uring", "-s", "4096"] + options
          + [folder.path("image")])
      #expect(recorded.status == 0, "\(recorded.error)")
      #expect(recorded.snapshot.lost.total == 0)
      return recorded
    }
  }
}
