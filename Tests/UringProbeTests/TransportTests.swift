import CProbe
import CRecord
import CTransport
import Glibc
import Synchronization
import Testing
import UringBase
import UringRecords

@testable import UringProbe

/// Tests of the transport of records from the BPF programs to uringtop. The BPF side is compiled
/// for user space, and threads act as CPUs.
@Suite(.serialized)
struct TransportTests {
  /// Returns a reader over the simulated memory, which has room for `chunks` chunks.
  private static func reader(
    chunks: Int, cpus: Int = 8, claimsAtomically: Bool = false
  ) throws -> TransportReader {
    var memory = try ChunkMemory(descriptor: nil, count: chunks + 1)
    let chunk = memory.chunk(1)
    let first = try #require(chunk)
    transport_reset(first - ChunkMemory.chunkSize, UInt32(chunks + 1), claimsAtomically)
    let lanes = try #require(transport_lanes())
    let pool = try #require(transport_pool())
    return TransportReader(
      memory: TransportMemory(
        lanes: MappedArray(borrowing: lanes), laneCount: cpus * Int(PROBE_LANES),
        pool: MappedArray(borrowing: pool), chunks: memory))
  }

  /// Checks the order and content of records as they arrive.
  private struct Arrivals {
    var lastTime: UInt64 = 0
    var next: [UInt64]
    var count: UInt64 = 0
    var disorder = 0
    var skipped: UInt64 = 0
    var damaged = 0

    init(producers: Int) { next = Array(repeating: 0, count: producers) }

    /// Takes all records that were written before this call.
    mutating func takeAll(of reader: inout TransportReader) {
      TransportReader.settle()
      _ = reader.drain(now: MonotonicClock.now()) { take($0) }
    }

    mutating func take(_ run: RecordRun) {
      for record in RecordSequence(bytes: run.bytes) { take(record) }
    }

    private mutating func take(_ pointer: UnsafePointer<record>) {
      let record = pointer.pointee
      if record.time_ns < lastTime { disorder += 1 }
      lastTime = record.time_ns
      let producer = Int(record.ctx)
      if record.req < next[producer] { damaged += 1 }
      skipped += record.req &- next[producer]
      next[producer] = record.req + 1
      count += 1
      let bytes = UnsafeRawBufferPointer(start: pointer, count: Int(record.size)).dropFirst(32)
      if bytes.contains(where: { $0 != UInt8(truncatingIfNeeded: record.req) }) { damaged += 1 }
    }
  }

  /// Writes from several threads, each on its own CPUs, while this thread reads. Returns the
  /// arrivals and the number of records for which there was no room.
  private static func run(
    threads: Int, cpusPerThread: Int, records: UInt64, nested: UInt32 = 0, sharesCPUs: Bool = false,
    reader: inout TransportReader
  ) throws -> (arrivals: Arrivals, lost: UInt64) {
    let lost = Atomic<UInt64>(0)
    let running = Atomic<Int>(threads)
    var arrivals = Arrivals(producers: threads)
    let shared = Shared(lost: lost, running: running)
    var workers: [WorkerThread] = []
    for thread in 0..<threads {
      workers.append(
        try WorkerThread("producer", orThrow: ProbeError.thread) {
          var sequence: UInt64 = 0
          var missing: UInt64 = 0
          while sequence < records {
            let cpu = sharesCPUs ? 0 : thread * cpusPerThread + Int(sequence) % cpusPerThread
            missing += transport_write(
              UInt32(cpu), UInt64(thread), sequence, UInt16(32 + sequence % 20 * 8), nested)
            sequence += UInt64(nested) + 1
          }
          shared.lost.add(missing, ordering: .relaxed)
          shared.running.subtract(1, ordering: .releasing)
        })
    }
    while shared.running.load(ordering: .acquiring) > 0 {
      _ = reader.drain(now: MonotonicClock.now()) { arrivals.take($0) }
    }
    for worker in workers { worker.join() }
    arrivals.takeAll(of: &reader)
    return (arrivals, shared.lost.load(ordering: .relaxed))
  }

  private final class Shared: Sendable {
    let lost: Atomic<UInt64>
    let running: Atomic<Int>
    init(lost: consuming Atomic<UInt64>, running: consuming Atomic<Int>) {
      self.lost = lost
      self.running = running
    }
  }

  @Test(arguments: [1, 2, 8])
  func everyRecordArrivesOnceAndInOrder(threads: Int) throws {
    var reader = try Self.reader(chunks: 4_096)
    let (arrivals, lost) = try Self.run(
      threads: threads, cpusPerThread: 1, records: 40_000, reader: &reader)
    #expect(lost == 0)
    #expect(arrivals.count == UInt64(threads) * 40_000)
    #expect(arrivals.disorder == 0)
    #expect(arrivals.damaged == 0)
    #expect(arrivals.skipped == 0)
    let hasUnread = reader.hasUnread()
    #expect(!hasUnread)
  }

  @Test func recordsOf256ProcessorsAreMerged() throws {
    var reader = try Self.reader(chunks: 1_024, cpus: 256)
    let (arrivals, lost) = try Self.run(
      threads: 4, cpusPerThread: 64, records: 40_000, reader: &reader)
    #expect(arrivals.count + lost == 160_000)
    #expect(arrivals.skipped == lost)
    #expect(arrivals.disorder == 0)
    #expect(arrivals.damaged == 0)
  }

  @Test func interruptedProgramsUseOtherLanes() throws {
    var reader = try Self.reader(chunks: 4_096)
    let (arrivals, lost) = try Self.run(
      threads: 2, cpusPerThread: 1, records: 40_000, nested: 3, reader: &reader)
    #expect(lost == 0)
    #expect(arrivals.count == 80_000)
    #expect(arrivals.disorder == 0)
    #expect(arrivals.damaged == 0)
    #expect(arrivals.skipped == 0)
  }

  @Test func deeperNestingThanLanesIsLost() throws {
    var reader = try Self.reader(chunks: 64)
    #expect(transport_write(0, 0, 0, 64, 9) == 2)
    var arrivals = Arrivals(producers: 1)
    arrivals.takeAll(of: &reader)
    #expect(arrivals.count == 8)
  }

  /// Four threads act as one CPU, as if BPF programs preempted each other on this CPU.
  @Test func preemptedProgramsOfOneProcessorShareItsLanes() throws {
    var reader = try Self.reader(chunks: 4_096, claimsAtomically: true)
    let (arrivals, lost) = try Self.run(
      threads: 4, cpusPerThread: 1, records: 40_000, sharesCPUs: true, reader: &reader)
    #expect(arrivals.count + lost == 160_000)
    #expect(arrivals.skipped == lost)
    #expect(arrivals.disorder == 0)
    #expect(arrivals.damaged == 0)
  }

  @Test func withoutRoomRecordsAreLostAndLaterOnesArrive() throws {
    var reader = try Self.reader(chunks: 2)
    var lost: UInt64 = 0
    for sequence in UInt64(0)..<2_000 { lost += transport_write(0, 0, sequence, 64, 0) }
    #expect(lost == 2_000 - 2 * 511)
    var arrivals = Arrivals(producers: 1)
    arrivals.takeAll(of: &reader)
    #expect(arrivals.count == 1_022)
    #expect(transport_write(0, 0, 2_000, 64, 0) == 0)
    arrivals.takeAll(of: &reader)
    #expect(arrivals.count == 1_023)
    #expect(arrivals.skipped == lost)
  }

  /// A BPF program that holds a lane may be about to write a record that is earlier than those in
  /// other lanes.
  @Test func recordsWaitForAProgramThatIsWriting() throws {
    var reader = try Self.reader(chunks: 64)
    #expect(transport_write(0, 0, 0, 64, 0) == 0)
    let held = transport_hold(0)
    #expect(transport_write(1, 1, 0, 64, 0) == 0)
    var arrivals = Arrivals(producers: 2)
    arrivals.takeAll(of: &reader)
    #expect(arrivals.count == 1)
    transport_release(held)
    arrivals.takeAll(of: &reader)
    #expect(arrivals.count == 2)
  }

  @Test func readerIsWokenOnceForEachTimeThatItAsks() throws {
    var reader = try Self.reader(chunks: 64)
    #expect(transport_write(0, 0, 0, 64, 0) == 0)
    #expect(transport_wakeups() == 0)
    transport_set_wake_position(WakePosition.Position.nextRecord.word)
    for sequence in UInt64(1)...3 { _ = transport_write(0, 0, sequence, 64, 0) }
    #expect(transport_wakeups() == 1)
    transport_set_wake_position(WakePosition.Position.takenChunks(3).word)
    for sequence in UInt64(4)...1_000 { _ = transport_write(0, 0, sequence, 64, 0) }
    #expect(transport_wakeups() == 1)
    for sequence in UInt64(1_001)...2_000 { _ = transport_write(0, 0, sequence, 64, 0) }
    #expect(transport_wakeups() == 2)
    _ = reader.drain(now: 0) { _ in }
  }
}
