import CProbe
import CRecord
import UringBase
import UringRecords

/// The io-wq workers of processes that have rings: their number, the number of idle ones, and the
/// CPUs on which they may run.
struct WorkerPools {
  private struct Pool: Equatable {
    var workers: UInt32 = 0
    var idle: UInt32 = 0
    var processors = ""
    var programProcessors = ""
  }

  private struct Program {
    var time: UInt64
    var processors: String
  }

  private var written: [UInt32: Pool] = [:]
  private var programs: [UInt32: Program] = [:]

  private static let mostPools = 64
  private static let mostThreads = 64
  /// Nanoseconds after which the CPUs of a program's own threads are read again.
  private static let lifetime: UInt64 = 4_000_000_000

  /// Appends a record for each process whose workers have changed since its last record.
  ///
  /// - Parameters:
  ///   - workers: all io-wq workers of the machine.
  ///   - owners: processes that have rings.
  mutating func note(
    _ workers: [probe_worker], of owners: [UInt32], at time: UInt64,
    into records: inout RecordBuffer
  ) {
    var members: [UInt32: [probe_worker]] = [:]
    for worker in workers { members[worker.tgid, default: []].append(worker) }
    for tgid in written.keys where members[tgid] == nil {
      write(Pool(), of: tgid, at: time, into: &records)
      written[tgid] = nil
      programs[tgid] = nil
    }
    for tgid in owners.prefix(Self.mostPools) {
      guard let own = members[tgid] else { continue }
      var pool = Pool(workers: UInt32(own.count))
      pool.idle = UInt32(own.count { $0.is_idle != 0 })
      pool.processors = Procfs.text("/proc/\(own[0].tid)/status").map(Procfs.processors) ?? ""
      pool.programProcessors = program(tgid, besides: own, at: time)
      guard written[tgid] != pool else { continue }
      written[tgid] = pool
      write(pool, of: tgid, at: time, into: &records)
    }
  }

  /// Returns the CPUs on which the application's own threads may run, without io-wq workers and SQ
  /// threads.
  private mutating func program(
    _ tgid: UInt32, besides workers: [probe_worker], at time: UInt64
  ) -> String {
    if let known = programs[tgid], time.since(known.time) < Self.lifetime {
      return known.processors
    }
    let isWorker = Set(workers.map(\.tid))
    var union: ProcessorList?
    var count = 0
    for name in Procfs.entries("/proc/\(tgid)/task") {
      guard let tid = UInt32(name), !isWorker.contains(tid), count < Self.mostThreads,
        let status = Procfs.text("/proc/\(tgid)/task/\(name)/status"),
        // Skips the kernel's own threads (io-wq workers, SQ threads), whose names begin with
        // `iou-`.
        !status.hasPrefix("Name:\tiou-"),
        let own = ProcessorList(Procfs.processors(of: status))
      else { continue }
      count += 1
      if union == nil { union = own } else { union!.formUnion(own) }
    }
    let text = union?.text ?? ""
    programs[tgid] = Program(time: time, processors: text)
    return text
  }

  private func write(
    _ pool: Pool, of tgid: UInt32, at time: UInt64, into records: inout RecordBuffer
  ) {
    let text = Array((pool.processors + "\n" + pool.programProcessors).utf8.prefix(1024))
    records.append(record_worker_pool.self, at: time, text: text) {
      $0.tgid = tgid
      $0.workers = pool.workers
      $0.idle = pool.idle
      $0.length = UInt32(text.count)
    }
  }
}
