import CRecord
import SystemPackage
import UringRecords

/// A recording, opened and checked: its header and all of its records that can be used.
public final class Recording: Sendable {
  public let header: RecordingHeader
  /// Why some of it cannot be used; nil if all can.
  public let flaw: RecordingFlaw?
  /// Records, without the end record.
  public let recordCount: UInt64
  /// Records that are events, see `RecordKind.isEvent`.
  public let eventCount: UInt64
  /// What the end record says was lost, nil without one.
  public let lost: UInt64?
  /// Where time starts: nanoseconds, CLOCK_MONOTONIC.
  public let startTime: UInt64
  /// Largest time of a record.
  public let endTime: UInt64

  private let contents: FileContents
  private let range: Range<Int>

  /// Opens a binary recording or a JSON trace, which one its first bytes tell.
  public convenience init(path: FilePath) throws(RecordingError) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      throw .cannotRead(error)
    }
    try self.init(contents: contents)
  }

  /// A recording in memory, in either format.
  public convenience init(bytes: [UInt8]) throws(RecordingError) {
    try self.init(contents: FileContents(copying: bytes))
  }

  private convenience init(contents: FileContents) throws(RecordingError) {
    if TraceReader.looksLikeTrace(contents.bytes) {
      let trace = try TraceReader.read(contents.bytes)
      self.init(
        header: trace.header, contents: FileContents(copying: trace.records.bytes), firstRecord: 0,
        flaw: trace.flaw)
    } else {
      let (header, firstRecord) = try RecordingHeader.decode(contents.bytes)
      self.init(header: header, contents: contents, firstRecord: firstRecord, flaw: nil)
    }
  }

  private init(
    header: RecordingHeader, contents: FileContents, firstRecord: Int, flaw: RecordingFlaw?
  ) {
    let body = UnsafeRawBufferPointer(rebasing: contents.bytes[firstRecord...])
    let check = RecordCheck(body)
    self.header = header
    self.contents = contents
    self.range = firstRecord..<firstRecord + check.length
    self.flaw = flaw ?? check.flaw.map { RecordingFlaw($0, base: firstRecord) }
    self.recordCount = check.recordCount
    self.eventCount = check.eventCount
    self.lost = check.end?.lost
    self.startTime = header.host.startTime != 0 ? header.host.startTime : check.firstTime
    self.endTime = max(check.lastTime, self.startTime)
  }

  /// Nanoseconds from the start to the last record.
  public var duration: UInt64 { endTime - startTime }

  /// The pointers are good while the recording lives.
  var records: RecordSequence {
    RecordSequence(bytes: UnsafeRawBufferPointer(rebasing: contents.bytes[range]))
  }

  /// Calls `body` with each record; the pointer is good during the call.
  public func forEachRecord<E: Error>(
    _ body: (UnsafePointer<record>) throws(E) -> Void
  ) throws(E) {
    for record in records { try body(record) }
  }

  /// Calls `body` with the bytes of all records; they are good during the call.
  public func withRecordBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try body(records.bytes)
  }
}
