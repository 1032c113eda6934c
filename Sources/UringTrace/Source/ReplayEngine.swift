import CRecord
import UringRecords

/// A recording and a place in it, with what was known there. No clock: time is what it is told.
struct ReplayEngine: ~Copyable {
  let recording: Recording
  private var aggregator: Aggregator
  private var next: RecordSequence.Iterator
  /// Nanoseconds from the recording's start.
  private(set) var position: UInt64 = 0
  /// Events before the position.
  private(set) var event: UInt64 = 0
  private let limits: Aggregator.Limits

  init(_ recording: Recording, limits: Aggregator.Limits = Aggregator.Limits()) {
    self.recording = recording
    self.limits = limits
    aggregator = Aggregator(host: recording.header.host, limits: limits)
    next = recording.records.makeIterator()
  }

  var isAtEnd: Bool { next.peek == nil }

  mutating func snapshot() -> Snapshot { aggregator.snapshot() }

  /// Goes on to a time; to go back, see ``seek(to:)``.
  mutating func advance(to time: UInt64) {
    let time = min(time, recording.duration)
    while let record = next.peek, offset(of: record) <= time { consume() }
    position = max(position, time)
    aggregator.advance(to: recording.startTime + position)
  }

  /// Goes to a time, forward or back.
  mutating func seek(to time: UInt64) {
    if time < position { rewind() }
    advance(to: time)
  }

  /// Goes on by one event.
  ///
  /// - Returns: false if there is none.
  @discardableResult
  mutating func stepForward() -> Bool {
    let target = event + 1
    while event < target {
      guard consume() != nil else { return false }
    }
    return true
  }

  /// Goes back by one event: to where the one before it had just happened.
  ///
  /// - Returns: false at the start.
  @discardableResult
  mutating func stepBack() -> Bool {
    guard event > 0 else { return false }
    let target = event - 1
    rewind()
    while event < target, consume() != nil {}
    return true
  }

  /// Goes on to the next completion with an error, link failure, failed preparation or overflow.
  ///
  /// - Returns: false if there is none; the position stays then.
  mutating func seekNextError() -> Bool {
    var ahead = next
    var count = 0
    while let record = ahead.next() {
      count += 1
      guard Self.isError(record) else { continue }
      for _ in 0..<count { consume() }
      return true
    }
    return false
  }

  private mutating func rewind() {
    aggregator = Aggregator(host: recording.header.host, limits: limits)
    next = recording.records.makeIterator()
    position = 0
    event = 0
  }

  /// Takes the next record, which moves the position on to its time.
  @discardableResult
  private mutating func consume() -> UnsafePointer<record>? {
    guard let record = next.next() else { return nil }
    aggregator.consume(record)
    position = max(position, min(offset(of: record), recording.duration))
    if record.pointee.kind.isEvent { event += 1 }
    return record
  }

  /// Records of different processors can be a little out of order: those before the start are at it.
  private func offset(of record: UnsafePointer<record>) -> UInt64 {
    let time = record.pointee.time_ns
    return time.since(recording.startTime)
  }

  private static func isError(_ record: UnsafePointer<record>) -> Bool {
    let raw = UnsafeRawPointer(record)
    return switch record.pointee.kind {
    case .complete:
      Opcode(rawValue: record.pointee.opcode).isError(raw.load(as: record_complete.self).res)
    case .failLink, .reqFailed, .cqeOverflow: true
    default: false
    }
  }
}
