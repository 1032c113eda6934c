import CRecord
import UringRecordings
import UringRecords
import UringTrace

/// A position in a recording, and the state of all rings and requests at that position. The engine
/// has no clock: its caller moves the position.
///
/// The aggregator receives records in runs that are as long as possible: a whole block at once if
/// the block's sums show that all its records precede the target, and the last block record by
/// record.
struct ReplayEngine: ~Copyable {
  let recording: Recording
  private var aggregator: Aggregator
  /// Index of the block that contains the next record.
  private var block = 0
  /// Offset of the next record, in bytes from the recording's first record.
  private var offset = 0
  /// The block that was read last, kept for the next access.
  private var loaded: (block: Int, bytes: FileBytes)?
  /// Nanoseconds from the recording's start.
  private(set) var position: UInt64 = 0
  /// Number of events before the position.
  private(set) var event: UInt64 = 0
  private let limits: Aggregator.Limits

  init(_ recording: Recording, limits: Aggregator.Limits = Aggregator.Limits()) {
    self.recording = recording
    self.limits = limits
    aggregator = Aggregator(host: recording.header.host, limits: limits)
  }

  /// True if no record follows the position.
  var isAtEnd: Bool { recording.block(block) == nil }

  mutating func snapshot(withEvents: Bool = true) -> Snapshot {
    aggregator.snapshot(withEvents: withEvents)
  }

  /// Moves forward to a time; to move back, see ``seek(to:)``.
  mutating func advance(to time: UInt64) {
    let (sum, isTooLarge) = recording.startTime.addingReportingOverflow(time)
    // Time 0 includes records with times before the start: the records of different processors can
    // be slightly out of order.
    let limit = isTooLarge ? UInt64.max : sum
    consume(
      blocks: { $0.lastTime <= limit }, records: { record, _, _ in record.pointee.time_ns <= limit }
    )
    position = max(position, isAtEnd ? min(time, recording.duration) : time)
    aggregator.advance(to: recording.startTime + position)
  }

  /// Moves forward by at most `count` records.
  ///
  /// - Returns: false if no record could be read.
  mutating func advance(byRecords count: Int) -> Bool {
    var rest = count
    consume(
      blocks: { _ in false },
      records: { _, _, _ in
        rest -= 1
        return rest >= 0
      })
    return rest < count
  }

  func forEachEnded(since position: inout EndedPosition, _ body: (Request, String) -> Void) {
    aggregator.forEachEnded(since: &position, body)
  }

  mutating func advanceToEnd() {
    recording.beginCheckingAhead()
    defer { recording.endCheckingAhead() }
    advance(to: .max)
  }

  /// Moves to a time, forward or back.
  mutating func seek(to time: UInt64) {
    if time < position { rewind() }
    advance(to: time)
  }

  /// Moves forward by one event.
  ///
  /// - Returns: false if no event follows.
  @discardableResult
  mutating func stepForward() -> Bool {
    let target = event + 1
    advance(toEvent: target)
    return event == target
  }

  /// Moves back by one event: to the point right after the previous event.
  ///
  /// - Returns: false at the start of the recording.
  @discardableResult
  mutating func stepBack() -> Bool {
    guard event > 0 else { return false }
    let target = event - 1
    rewind()
    advance(toEvent: target)
    return true
  }

  /// Moves to the next error: a completion with an error, a link failure, a failed preparation or
  /// an overflow.
  ///
  /// - Returns: false if there is no further error; the position is then unchanged.
  mutating func seekNextError() -> Bool {
    guard let end = endOfNextError() else { return false }
    advance(toOffset: end)
    return true
  }

  /// Moves back to the last error before the record that precedes the position.
  ///
  /// - Returns: false if there is no earlier error; the position is then unchanged.
  mutating func seekPreviousError() -> Bool {
    guard let end = endOfPreviousError() else { return false }
    rewind()
    advance(toOffset: end)
    return true
  }

  private mutating func advance(toOffset end: Int) {
    consume(blocks: { $0.range.upperBound <= end }, records: { _, offset, _ in offset < end })
  }

  private mutating func advance(toEvent target: UInt64) {
    // The block that contains the target is consumed record by record: records may follow the
    // target.
    consume(blocks: { $0.endEvent < target }, records: { _, _, event in event < target })
  }

  private mutating func rewind() {
    aggregator = Aggregator(host: recording.header.host, limits: limits)
    (block, offset) = (0, 0)
    (position, event) = (0, 0)
  }

  // MARK: Runs of records

  /// Consumes the rest of each block as long as `takesBlock` returns true, then records of the next
  /// block as long as `takesRecord` returns true. Moves the position to the last record consumed.
  ///
  /// - Parameters:
  ///   - takesBlock: returns true if the whole block precedes the target.
  ///   - takesRecord: returns true if the record precedes the target; receives the record, its
  ///     offset, and the number of events before it.
  @inline(__always)
  private mutating func consume(
    blocks takesBlock: (RecordBlock) -> Bool,
    records takesRecord: (UnsafePointer<record>, _ offset: Int, _ event: UInt64) -> Bool
  ) {
    var lastTime: UInt64 = 0
    while let next = recording.block(block) {
      guard takesBlock(next) else {
        consume(in: next, while: takesRecord, lastTime: &lastTime)
        break
      }
      // A block whose bytes cannot be read ends the recording: `block(_:)` then returns nil.
      guard let bytes = rest(of: next) else { continue }
      aggregator.consume(contentsOf: bytes)
      lastTime = max(lastTime, next.lastTime)
      event = next.endEvent
      offset = next.range.upperBound
      block += 1
      if aggregator.entryCount > RecordingFlaw.mostEntries { recording.leaveOut(from: block) }
    }
    move(to: lastTime)
  }

  @inline(__always)
  private mutating func consume(
    in block: RecordBlock, while takesRecord: (UnsafePointer<record>, Int, UInt64) -> Bool,
    lastTime: inout UInt64
  ) {
    guard let bytes = rest(of: block) else { return }
    let start = offset
    var end = start
    for record in RecordSequence(bytes: bytes) {
      guard takesRecord(record, end, event) else { break }
      lastTime = max(lastTime, record.pointee.time_ns)
      if record.pointee.kind.isEvent { event += 1 }
      end += Int(record.pointee.size)
    }
    guard end > start else { return }
    aggregator.consume(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<(end - start)]))
    offset = end
    if end == block.range.upperBound { self.block += 1 }
  }

  /// Returns the bytes of the current block from the next record on, valid until the next call; nil
  /// if the file has changed, so that they cannot be read.
  private mutating func rest(of current: RecordBlock) -> UnsafeRawBufferPointer? {
    if loaded?.block != block { loaded = recording.bytes(ofBlock: block).map { (block, $0) } }
    guard let bytes = loaded?.bytes.bytes else { return nil }
    return UnsafeRawBufferPointer(
      rebasing: bytes[(offset - current.range.lowerBound)..<current.range.count])
  }

  private mutating func move(to time: UInt64) {
    guard time != 0 else { return }
    position = max(position, time.since(recording.startTime))
  }

  private func endOfNextError() -> Int? {
    var (index, start) = (block, offset)
    while let next = recording.block(index) {
      if let end = errorEnds(in: index, start..<next.range.upperBound).first { return end }
      start = next.range.upperBound
      index += 1
    }
    return nil
  }

  private func endOfPreviousError() -> Int? {
    for index in stride(from: block, through: 0, by: -1) {
      guard let range = recording.block(index)?.range else { continue }
      if let end = errorEnds(in: index, range).last(where: { $0 < offset }) { return end }
    }
    return nil
  }

  /// Returns the end offsets of the error records of a block within a range of offsets. The range
  /// must start and end at record boundaries.
  private func errorEnds(in block: Int, _ range: Range<Int>) -> [Int] {
    guard let current = recording.block(block), let bytes = recording.bytes(ofBlock: block) else {
      return []
    }
    defer { withExtendedLifetime(bytes) {} }
    let start = current.range.lowerBound
    var (end, ends) = (range.lowerBound, [Int]())
    let part = UnsafeRawBufferPointer(
      rebasing: bytes.bytes[(range.lowerBound - start)..<(range.upperBound - start)])
    for record in RecordSequence(bytes: part) {
      end += Int(record.pointee.size)
      if Self.isError(record) { ends.append(end) }
    }
    return ends
  }

  private static func isError(_ record: UnsafePointer<record>) -> Bool {
    record.pointee.kind.isError(
      Opcode(rawValue: record.pointee.opcode),
      result: UnsafeRawPointer(record).load(as: record_complete.self).res)
  }
}
