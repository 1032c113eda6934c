import CBPF
import CRecord
import Glibc

/// Reads the BPF programs' records in the order of their times.
///
/// The records of each lane are in order of time, so the reader merges the lanes. It hands over a
/// record only when no lane can still receive an older one; ``watermark`` is the limit. A program
/// claims its lane before it reads the clock, so a lane that is not claimed now receives only later
/// records.
struct TransportReader: ~Copyable {
  private(set) var memory: TransportMemory
  private var cursors: [Cursor]
  /// Heap of the lanes that have unread records, by the time of the next record, earliest first.
  private var heads: [Head] = []
  /// Time (CLOCK_MONOTONIC, nanoseconds) before which all records have been handed over.
  private(set) var watermark: UInt64 = 0

  /// Nanoseconds after which a program's claim of a lane is visible to this thread. The program may
  /// read the clock while the claim is still in the processor's store buffer, where it stays for
  /// less than a microsecond.
  static let settlingTime: UInt64 = 100_000
  /// Distance of the prefetch in bytes: records this far ahead are fetched from another processor's
  /// cache while earlier records are read.
  fileprivate static var lookAhead: Int { 1_024 }
  /// Maximum number of times that the reader checks whether a lane is no longer claimed. A program
  /// claims a lane for about 50 ns.
  private static let looks = 100

  init(memory: consuming TransportMemory) {
    cursors = Array(repeating: Cursor(), count: memory.laneCount)
    self.memory = memory
  }

  /// The reader's position in a lane.
  private struct Cursor {
    var place = LanePlace()
    /// The lane's place (the end of its records) at the start of the drain.
    var end = LanePlace()
    /// Offset at which the records of the chunk at `place` end.
    var chunkEnd: UInt32 = 0
    /// Memory of the chunk at `place`.
    var chunk: UnsafeRawPointer?
    var lastTime: UInt64 = 0
    var isBusy = false

    @inline(__always)
    var record: UnsafePointer<record>? {
      chunk.map { ($0 + Int(place.offset)).assumingMemoryBound(to: CRecord.record.self) }
    }

    /// Returns the next records in this chunk whose times are not later than `last`, and moves
    /// `place` behind them.
    @inline(__always)
    mutating func takeRun(until last: UInt64) -> RecordRun {
      var run = RecordRun()
      guard let chunk else { return run }
      let (start, end) = (Int(place.offset), Int(chunkEnd))
      var offset = start
      while offset < end {
        let record = (chunk + offset).assumingMemoryBound(to: CRecord.record.self)
        guard record.pointee.time_ns <= last else { break }
        cbpf_prefetch(UnsafeRawPointer(record) + TransportReader.lookAhead)
        lastTime = record.pointee.time_ns
        run.kinds.insert(record.pointee.kind)
        offset += Int(record.pointee.size)
      }
      place.offset = UInt32(offset)
      run.bytes = UnsafeRawBufferPointer(start: chunk + start, count: offset - start)
      return run
    }
  }

  private struct Head {
    var time: UInt64
    var lane: LaneNumber
  }

  /// True if a lane has records that have not been handed over.
  func hasUnread() -> Bool {
    for index in cursors.indices
    where memory.place(of: LaneNumber(rawValue: index)) != cursors[index].place { return true }
    return false
  }

  /// Waits until every record written before the call is visible to this thread.
  static func settle() { usleep(UInt32(settlingTime / 1_000) + 1) }

  /// Hands over the records written so far whose times are earlier than `now` minus
  /// ``settlingTime``, and returns their size in bytes.
  ///
  /// - Parameters:
  ///   - now: the time, read before the call.
  ///   - take: receives the records, which may be overwritten when it has returned.
  @inline(__always)
  mutating func drain(now: UInt64, _ take: (RecordRun) -> Void) -> Int {
    var bound = max(watermark, now &- min(now, Self.settlingTime))
    observeLanes(&bound)
    var bytes = 0
    while let first = heads.first, first.time < bound {
      let last = min(secondTime, bound &- 1)
      var cursor = cursors[first.lane.rawValue]
      repeat {
        let run = cursor.takeRun(until: last)
        if run.bytes.isEmpty { break }
        take(run)
        bytes += run.bytes.count
      } while cursor.place.offset >= cursor.chunkEnd && goOn(&cursor)
      cursors[first.lane.rawValue] = cursor
      replaceFirst(cursor, &bound)
    }
    watermark = max(watermark, bound)
    return bytes
  }

  // MARK: Lanes

  /// Stores the present end of every lane, and fills the heap.
  @inline(never)
  private mutating func observeLanes(_ bound: inout UInt64) {
    heads.removeAll(keepingCapacity: true)
    for index in cursors.indices {
      let lane = LaneNumber(rawValue: index)
      var looks = 0
      // The lane's place must be read after the lane is seen free: all records written under the
      // last claim are then visible.
      while memory.isBusy(lane), looks < Self.looks { looks += 1 }
      cursors[index].isBusy = looks == Self.looks
      let end = memory.place(of: lane)
      guard end != cursors[index].place || cursors[index].isBusy else { continue }
      cursors[index].end = end
      begin(lane, &bound)
    }
  }

  private mutating func begin(_ lane: LaneNumber, _ bound: inout UInt64) {
    var cursor = cursors[lane.rawValue]
    if cursor.place.chunk == 0, cursor.end.chunk != 0 {
      cursor.place = LanePlace(chunk: memory.firstChunk(of: lane), offset: LanePlace.start)
    }
    // Nil for a new lane, and if the last drain found no memory to map the chunk.
    if cursor.chunk == nil { cursor.chunk = UnsafeRawPointer(memory.chunk(cursor.place.chunk)) }
    let hasRecord = goOn(&cursor)
    cursors[lane.rawValue] = cursor
    if hasRecord, let record = cursor.record {
      heads.append(Head(time: record.pointee.time_ns, lane: lane))
      raise(heads.count - 1)
    } else if cursor.isBusy {
      bound = min(bound, cursor.lastTime)
    }
  }

  /// If all records of the current chunk are read, frees the chunk and moves to the lane's next
  /// one. Returns false if the lane has no record left.
  @inline(never)
  private mutating func goOn(_ cursor: inout Cursor) -> Bool {
    while let chunk = cursor.chunk {
      guard cursor.place.chunk != cursor.end.chunk else {
        cursor.chunkEnd = cursor.end.offset
        return cursor.place.offset < cursor.chunkEnd
      }
      let link = TransportMemory.link(of: chunk)
      cursor.chunkEnd = link.offset
      if cursor.place.offset < cursor.chunkEnd { return true }
      memory.free(cursor.place.chunk)
      cursor.place = LanePlace(chunk: link.chunk, offset: LanePlace.start)
      cursor.chunk = UnsafeRawPointer(memory.chunk(link.chunk))
    }
    return false
  }

  // MARK: The heap

  /// The time of the earliest unread record in all lanes except the heap's first.
  private var secondTime: UInt64 {
    var time = UInt64.max
    if heads.count > 1 { time = heads[1].time }
    if heads.count > 2 { time = min(time, heads[2].time) }
    return time
  }

  /// Moves the heap's first lane to the position of its next record, or removes it if all its
  /// records are read.
  @inline(never)
  private mutating func replaceFirst(_ cursor: Cursor, _ bound: inout UInt64) {
    let isRead =
      cursor.place.chunk == cursor.end.chunk && cursor.place.offset >= cursor.end.offset
    if !isRead, let record = cursor.record {
      heads[0].time = record.pointee.time_ns
    } else {
      if cursor.isBusy { bound = min(bound, cursor.lastTime) }
      heads.swapAt(0, heads.count - 1)
      heads.removeLast()
    }
    sink(0)
  }

  private mutating func raise(_ start: Int) {
    var index = start
    while index > 0, heads[index].time < heads[(index - 1) / 2].time {
      heads.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heads.count && heads[child].time < heads[least].time { least = child }
      if least == index { return }
      heads.swapAt(index, least)
      index = least
    }
  }
}
