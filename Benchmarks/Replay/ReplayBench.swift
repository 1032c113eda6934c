import CRecord
import Glibc
import UringRecords
import UringTrace

/// Replays records through the aggregator on one core, and prints how many it takes in a second.
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
        let recording = try Recording(path: .init(arguments[1]))
        recording.withRecordBytes { bytes in
          report(bytes, count: recording.recordCount, passes: passes(arguments.dropFirst(2)))
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

  /// The best pass: others were disturbed.
  private static func report(_ bytes: UnsafeRawBufferPointer, count: UInt64, passes: Int) {
    var best = UInt64.max
    var completed: UInt64 = 0
    for _ in 0..<passes {
      var aggregator = Aggregator(
        host: HostDescription(kernel: "", tier: "", startTime: 1, startRealtime: 1))
      let start = clockTime(CLOCK_THREAD_CPUTIME_ID)
      aggregator.consume(contentsOf: bytes)
      best = min(best, clockTime(CLOCK_THREAD_CPUTIME_ID) - start)
      completed = aggregator.totals.completed
    }
    let perSecond = Double(count) / Double(max(best, 1)) * 1e9
    print(
      "{\"records\":\(count),\"bytes\":\(bytes.count),\"completed\":\(completed),"
        + "\"records_per_second\":\(UInt64(perSecond))}")
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
