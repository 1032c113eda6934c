import CBPF
import CRecord
import Glibc

/// Reads the programs' records in the order of their times.
///
/// Each lane is in order, so the lanes are merged. A record may be handed over only if no lane can still get an older
/// one, which ``watermark`` says: a program claims its lane before it reads the clock, so a lane that nobody has
/// claimed gets only later records.
struct TransportReader: ~Copyable {
  private(set) var memory: TransportMemory
  private var cursors: [Cursor]
  /// The lanes that have unread records, with the times of their next ones: a heap, the earliest first.
  private var heads: [Head] = []
  /// Every record with an earlier time has been handed over.
  private(set) var watermark: UInt64 = 0

  /// Nanoseconds after which a claim is visible to this thread. A processor may read the clock while the claim is still
  /// in its store buffer, for less than a microsecond.
  static let settlingTime: UInt64 = 100_000
  /// Bytes of records that are fetched from another processor's cache while earlier ones are read.
  fileprivate static var lookAhead: Int { 1_024 }
  /// Attempts to see a lane that no program is writing to. A program needs some 50 ns.
  private static let looks = 100

  init(memory: consuming TransportMemory) {
    cursors = Array(repeating: Cursor(), count: memory.laneCount)
    self.memory = memory
  }

  /// Where the reader is in a lane.
  private struct Cursor {
    var place = LanePlace()
    /// Where the lane was at the start of the drain.
    var end = LanePlace()
    /// Offset at which the records of the chunk at `place` end.
    var chunkEnd: UInt32 = 0
    /// Memory of that chunk.
    var chunk: UnsafeRawPointer?
    var lastTime: UInt64 = 0
    var isBusy = false

    @inline(__always)
    var record: UnsafePointer<record>? {
      chunk.map { ($0 + Int(place.offset)).assumingMemoryBound(to: CRecord.record.self) }
    }

    /// The next records up to a time, as far as they are in this chunk. Moves the place behind them.
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

  /// Waits until every record is visible that was written before the call.
  static func settle() { usleep(UInt32(settlingTime / 1_000) + 1) }

  /// Hands over the records written so far and not later than ``settlingTime`` before `now`, and returns their size in
  /// bytes.
  ///
  /// - Parameters:
  ///   - now: the time before the call.
  ///   - take: gets the records; they may be overwritten after the call.
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

  /// Notes where every lane is, and fills the heap.
  @inline(never)
  private mutating func observeLanes(_ bound: inout UInt64) {
    heads.removeAll(keepingCapacity: true)
    for index in cursors.indices {
      let lane = LaneNumber(rawValue: index)
      var looks = 0
      // The place must be read after this: what was written before the lane was left is then visible.
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
    // Also where the last drain found no memory to map the chunk.
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

  /// Moves to the lane's next chunk if all of this one is read, and frees it. False if there is no record left.
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

  /// The time of the earliest record of another lane than the first.
  private var secondTime: UInt64 {
    var time = UInt64.max
    if heads.count > 1 { time = heads[1].time }
    if heads.count > 2 { time = min(time, heads[2].time) }
    return time
  }

  /// Puts the first lane in its new place, or removes it if nothing of it is left to read.
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
