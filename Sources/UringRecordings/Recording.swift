import CRecord
import Synchronization
import SystemPackage
import UringBase
import UringRecords
import UringTrace

/// A recording: its header and all of its records that can be used.
///
/// Records are checked in blocks, each when it is first reached. Whoever reads from start to end reads
/// the file once; the sums over all records (``recordCount``, ``flaw`` and the like) check what is left.
public final class Recording: Sendable {
  public let header: RecordingHeader

  private let contents: FileContents
  private let firstRecord: Int
  /// A flaw that the JSON reader found.
  private let readerFlaw: RecordingFlaw?
  private let check: Mutex<RecordCheck>
  /// Those that are checked. With a lock of its own: nobody who looks for a block waits for the check of another.
  private let blocks = Mutex<[RecordBlock]>([])

  /// Opens a binary recording or a JSON trace, which one its first bytes tell.
  ///
  /// - Parameter didOpen: called when the file is open and none of it was read: no other file will be.
  public convenience init(
    path: FilePath, didOpen: () -> Void = {}
  ) throws(RecordingError) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path, didOpen: didOpen)
    } catch {
      throw .cannotRead(error)
    }
    try self.init(contents: contents)
  }

  /// A recording in memory, in either format.
  public convenience init(bytes: [UInt8]) throws(RecordingError) {
    try self.init(contents: FileContents(copying: bytes))
  }

  /// A binary recording in memory that is checked in blocks of another size.
  convenience init(bytes: [UInt8], blockSize: Int) throws(RecordingError) {
    let contents = FileContents(copying: bytes)
    let (header, firstRecord) = try RecordingHeader.decode(contents.bytes)
    self.init(
      header: header, contents: contents, firstRecord: firstRecord, flaw: nil,
      blockSize: blockSize)
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
    header: RecordingHeader, contents: FileContents, firstRecord: Int, flaw: RecordingFlaw?,
    blockSize: Int? = nil
  ) {
    self.header = header
    self.contents = contents
    self.firstRecord = firstRecord
    readerFlaw = flaw
    check = Mutex(blockSize.map { RecordCheck(blockSize: $0) } ?? RecordCheck())
  }

  // MARK: Blocks

  /// Records and what follows them.
  private var body: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: contents.bytes[firstRecord...])
  }

  /// A block of records by its position among the blocks, nil behind the last.
  package func block(_ index: Int) -> RecordBlock? {
    while true {
      if let block = blocks.withLock({ index < $0.count ? $0[index] : nil }) { return block }
      // Another thread may have checked it meanwhile.
      let isChecked = check.withLock { check in
        blocks.withLock { $0.count } > index || checkNextBlock(&check)
      }
      if !isChecked { return nil }
    }
  }

  /// Checks the blocks on a thread of its own, before they are asked for: for whoever uses all of
  /// them. Without a thread they are checked when they are asked for.
  package func checkAhead() {
    let checkAll: @Sendable () -> Void = { [self] in
      while check.withLock({ checkNextBlock(&$0) }) {}
    }
    let thread = try? WorkerThread("checker", orThrow: { Errno(rawValue: $0) }, checkAll)
    thread?.detach()
  }

  /// The bytes of checked records.
  package func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: body[range])
  }

  /// Gives the memory of records that have been used back, on a thread of its own: unmapping a large
  /// file at once takes long. They can still be read.
  package func evict(_ range: Range<Int>) {
    let range = firstRecord + range.lowerBound..<firstRecord + range.upperBound
    let evict: @Sendable () -> Void = { [self] in contents.evict(range) }
    let thread = try? WorkerThread("evicter", orThrow: { Errno(rawValue: $0) }, evict)
    thread?.detach()
  }

  private func checkNextBlock(_ check: inout RecordCheck) -> Bool {
    guard let block = check.nextBlock(of: body) else { return false }
    blocks.withLock { $0.append(block) }
    return true
  }

  /// The check, which has come to its end.
  private var whole: RecordCheck {
    check.withLock { check in
      while checkNextBlock(&check) {}
      return check
    }
  }

  // MARK: Sums

  /// Why some of it cannot be used; nil if all can.
  public var flaw: RecordingFlaw? {
    readerFlaw ?? whole.flaw.map { RecordingFlaw($0, base: firstRecord) }
  }

  /// Records, without the end record.
  public var recordCount: UInt64 { whole.recordCount }

  /// Records that are events, see `RecordKind.isEvent`.
  public var eventCount: UInt64 { whole.eventCount }

  /// Records lost while recording, by the end record; nil without one.
  public var lost: UInt64? { whole.end?.lost }

  /// Where time starts: nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64 {
    header.host.startTime != 0 ? header.host.startTime : whole.firstTime
  }

  /// When recording stopped; without an end record the largest time of a record.
  public var endTime: UInt64 {
    let whole = whole
    return max(whole.end?.base.time_ns ?? 0, whole.lastTime, startTime)
  }

  /// Nanoseconds from the start to the end.
  public var duration: UInt64 { endTime - startTime }

  // MARK: Records

  /// Where in the file the records are. A trace in JSON is none: its records are in memory.
  package var byteRange: Range<Int> { firstRecord..<firstRecord + whole.length }

  /// The pointers are good while the recording lives.
  var records: RecordSequence { RecordSequence(bytes: bytes(0..<whole.length)) }

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
