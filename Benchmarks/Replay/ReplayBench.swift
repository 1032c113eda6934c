import CRecord
import Glibc
import SystemPackage
import UringBase
import UringRecordings
import UringRecords
import UringTrace

/// Replays records through the aggregator on one core, and prints how many it takes in a second: of
/// bytes in memory, and of a file that is read, restored and checked, as any reader has to.
///
///     ReplayBench RECORDING [PASSES]
///     ReplayBench --requests N [PASSES]      NOPs in batches of 32, made in memory
@main
struct ReplayBench {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2 else {
      print("usage: ReplayBench RECORDING [PASSES] | --requests N [PASSES]")
      exit(2)
    }
    if arguments[1] == "--requests", arguments.count >= 3, let requests = Int(arguments[2]) {
      let records = nops(requests)
      records.bytes.withUnsafeBytes { bytes in
        report(bytes, count: records.count, passes: passes(arguments.dropFirst(3)))
      }
    } else {
      do {
        let path = FilePath(arguments[1])
        let recording = try Recording(path: path)
        let passes = passes(arguments.dropFirst(2))
        let read = read(path, passes: passes)
        recording.withRecordBytes { bytes in
          report(bytes, count: recording.recordCount, passes: passes, read: read)
        }
      } catch {
        print("\(arguments[1]): \(error)")
        exit(1)
      }
    }
  }

  private static func passes(_ arguments: ArraySlice<String>) -> Int {
    arguments.first.flatMap { Int($0) } ?? 10
  }

  /// - Parameter read: nanoseconds of a pass that reads the file; 0 without a file.
  private static func report(
    _ bytes: UnsafeRawBufferPointer, count: UInt64, passes: Int, read: UInt64 = 0
  ) {
    let (inMemory, completed) = best(of: passes) { consume(bytes) }
    func perSecond(_ time: UInt64) -> UInt64 {
      time == 0 ? 0 : UInt64(Double(count) / Double(time) * 1e9)
    }
    print(
      "{\"records\":\(count),\"bytes\":\(bytes.count),\"completed\":\(completed),"
        + "\"records_per_second\":\(perSecond(inMemory)),"
        + "\"file_records_per_second\":\(perSecond(read))}")
  }

  private static func read(_ path: FilePath, passes: Int) -> UInt64 {
    best(of: passes) {
      guard let recording = try? Recording(path: path) else { return 0 }
      var aggregator = Aggregator(host: recording.header.host)
      var index = 0
      while let block = recording.bytes(ofBlock: index) {
        aggregator.consume(contentsOf: block.bytes)
        withExtendedLifetime(block) {}
        index += 1
      }
      return aggregator.totals.completed
    }.nanoseconds
  }

  private static func consume(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var aggregator = Aggregator(
      host: HostDescription(kernel: "", tier: "", startTime: 1, startRealtime: 1))
    aggregator.consume(contentsOf: bytes)
    return aggregator.totals.completed
  }

  /// The best pass: others were disturbed.
  private static func best(of passes: Int, _ pass: () -> UInt64) -> (
    nanoseconds: UInt64, completed: UInt64
  ) {
    var (best, completed) = (UInt64.max, UInt64(0))
    for _ in 0..<max(1, passes) {
      let start = clockTime(CLOCK_THREAD_CPUTIME_ID)
      completed = pass()
      best = min(best, clockTime(CLOCK_THREAD_CPUTIME_ID) - start)
    }
    return (max(1, best), completed)
  }

  private static func nops(_ requests: Int) -> RecordBuffer {
    var records = RecordBuffer()
    var time: UInt64 = 1_000_000_000
    for first in stride(from: 0, to: requests, by: 32) {
      for index in 0..<32 {
        var submit = record_submit()
        submit.base = header(.submit, index, at: time)
        submit.tgid = 100
        submit.sqe_is_known = 1
        submit.sqe.fd = -1
        submit.sqe.user_data = UInt64(first + index)
        records.append(submit, base: \.base)
        time += 60
      }
      for index in 0..<32 {
        var complete = record_complete()
        complete.base = header(.complete, index, at: time)
        complete.user_data = UInt64(first + index)
        records.append(complete, base: \.base)
        time += 60
      }
    }
    return records
  }

  private static func header(_ kind: RecordKind, _ index: Int, at time: UInt64) -> record {
    record(
      time_ns: time, ctx: 0xffff_8880_1234_0000, req: 0xffff_8881_0000_0000 + UInt64(index) * 256,
      tid: 100, size: 0, kind: kind, opcode: 0)
  }
}
