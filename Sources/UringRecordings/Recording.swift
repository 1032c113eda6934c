import CRecord
import SystemPackage
import UringBase
import UringRecords
import UringTrace

/// A recording: its header and all its usable records.
///
/// Records are read and checked in blocks, each when it is first reached. A pass from start to end reads the
/// file once; the sums over all records (``recordCount``, ``flaw`` and the like) check the remaining blocks.
public final class Recording: Sendable {
  public let header: RecordingHeader

  /// Identity of the file; nil for a non-regular file.
  public let fileID: FileID?

  private let contents: FileContents
  private let firstRecord: Int
  /// A flaw that the JSON reader found.
  private let readerFlaw: RecordingFlaw?
  /// Not a `Mutex`: the thread sanitizer does not see a `Mutex` that a thread has waited for.
  private let check: Monitor<RecordCheck>
  /// Has its own lock, so that the look-up of a block does not wait for the check of another block.
  private let checked = Monitor(Checked())

  /// The result of the check so far.
  private struct Checked {
    var blocks: [RecordBlock] = []
    /// Bytes of the blocks checked last and not yet used.
    var ahead: [(index: Int, bytes: FileBytes)] = []
    /// Set if the file could not be read, or has changed.
    var flaw: RecordingFlaw?
    /// Number of blocks that the thread checks ahead.
    var hurried = 0

    /// Maximum number of blocks checked ahead and kept until they are used.
    static let mostAhead = 2
    var isFull: Bool { ahead.count >= Self.mostAhead }
  }

  /// Opens a binary recording or a JSON trace, distinguished by the first bytes.
  ///
  /// - Parameter didOpen: called when the file is open but not yet read; no other file will be opened.
  public convenience init(path: FilePath, didOpen: () -> Void = {}) throws(RecordingError) {
    try self.init(
      contents: FileContents(path: path, didOpen: didOpen, Self.startsLikeRecording))
  }

  /// A recording in memory, in either format.
  public convenience init(bytes: [UInt8]) throws(RecordingError) {
    try self.init(contents: FileContents(copying: bytes))
  }

  /// A binary recording in memory that is checked in blocks of another size.
  convenience init(bytes: [UInt8], blockSize: Int) throws(RecordingError) {
    try self.init(binary: FileContents(copying: bytes), blockSize: blockSize)
  }

  private convenience init(contents: FileContents) throws(RecordingError) {
    if TraceReader.looksLikeTrace(try Self.start(of: contents)) == true {
      let trace = try TraceReader.read(contents)
      self.init(
        header: trace.header, contents: FileContents(trace.records), firstRecord: 0,
        flaw: trace.flaw, fileID: contents.identity)
    } else {
      try self.init(binary: contents)
    }
  }

  convenience init(
    binary contents: FileContents, blockSize: Int? = nil
  ) throws(RecordingError) {
    let (header, firstRecord) = try RecordingHeader.decode(Self.start(of: contents))
    self.init(
      header: header, contents: contents, firstRecord: firstRecord, flaw: nil,
      fileID: contents.identity, blockSize: blockSize)
  }

  private init(
    header: RecordingHeader, contents: FileContents, firstRecord: Int, flaw: RecordingFlaw?,
    fileID: FileID?, blockSize: Int? = nil
  ) {
    self.fileID = fileID
    self.header = header
    self.contents = contents
    self.firstRecord = firstRecord
    readerFlaw = flaw
    check = Monitor(blockSize.map { RecordCheck(blockSize: $0) } ?? RecordCheck())
  }

  /// True if the first bytes can begin a recording; nil if there are too few bytes to decide.
  private static func startsLikeRecording(_ bytes: UnsafeRawBufferPointer) -> Bool? {
    if let answer = TraceReader.looksLikeTrace(bytes), answer { return true }
    if bytes.starts(with: RecordingHeader.magic) { return true }
    return bytes.count < TraceReader.mostSpace ? nil : false
  }

  /// The first bytes, enough for the longest header, or as many as there are.
  private static func start(of contents: FileContents) throws(RecordingError) -> FileBytes {
    do {
      let size = min(contents.count, RecordingHeader.largestSize)
      guard let bytes = try contents.piece(0..<size) else { throw SystemPackage.Errno.ioError }
      return bytes
    } catch {
      throw .cannotRead(error as? SystemPackage.Errno ?? .ioError)
    }
  }

  // MARK: Blocks

  /// A block of records by its index, nil behind the last.
  package func block(_ index: Int) -> RecordBlock? {
    while true {
      if let block = checked.withLock({ index < $0.blocks.count ? $0.blocks[index] : nil }) {
        return block
      }
      // Another thread may have checked the block since.
      let isChecked = check.withLock { check in
        checked.withLock { $0.blocks.count } > index || checkNextBlock(&check)
      }
      if !isChecked { return nil }
    }
  }

  /// The bytes of a block's records, which are immutable. Nil behind the last block. Also nil if the file has changed;
  /// the recording then ends before the block.
  package func bytes(ofBlock index: Int) -> FileBytes? {
    guard let block = block(index) else { return nil }
    let ahead = checked.change { checked in
      let bytes = checked.ahead.first { $0.index == index }?.bytes
      if bytes != nil { checked.ahead.removeAll { $0.index <= index } }
      return bytes
    }
    if let ahead { return FileBytes(0..<block.range.count, of: ahead) }
    guard
      let bytes = read(firstRecord + block.range.lowerBound..<firstRecord + block.range.upperBound)
    else { return nil }
    // The bytes were checked before, but may have changed since.
    var check = RecordCheck(blockSize: block.range.count)
    guard let again = check.nextBlock(in: bytes.bytes, isLast: true), again.isLike(block) else {
      fail(.changed, from: index)
      return nil
    }
    return bytes
  }

  /// Ends the recording before a block for which the caller has no memory.
  package func leaveOut(from index: Int) { fail(.crowded, from: index) }

  /// Checks blocks ahead of their use on a separate thread, until ``endCheckingAhead()``: for callers that use all
  /// blocks. Without a thread, and in a recording of a single block, blocks are checked when they are used.
  package func beginCheckingAhead() {
    checked.withLock { $0.hurried += 1 }
    guard contents.count - firstRecord > check.withLock({ $0.windowSize }) else { return }
    let checkAll: @Sendable () -> Void = { [self] in
      while checked.wait(
        until: nil, for: { $0.hurried == 0 || !$0.isFull }, then: { $0.hurried > 0 }),
        check.withLock({ checkNextBlock(&$0) })
      {}
    }
    let thread = try? WorkerThread("checker", orThrow: { Errno(rawValue: $0) }, checkAll)
    thread?.detach()
  }

  package func endCheckingAhead() {
    checked.change { $0.hurried -= 1 }
  }

  private func checkNextBlock(_ check: inout RecordCheck) -> Bool {
    guard !check.isComplete, checked.withLock({ $0.flaw == nil }) else { return false }
    let start = firstRecord + check.length
    let end = min(contents.count, start + check.windowSize)
    guard let bytes = read(start..<end),
      let block = check.nextBlock(in: bytes.bytes, isLast: end == contents.count)
    else { return false }
    checked.change { checked in
      if !checked.isFull { checked.ahead.append((checked.blocks.count, bytes)) }
      checked.blocks.append(block)
    }
    return true
  }

  /// Bytes of the file; nil if they cannot be read, which becomes the flaw.
  private func read(_ range: Range<Int>) -> FileBytes? {
    let failure: RecordingFlaw
    do throws(Errno) {
      if let bytes = try contents.piece(range) { return bytes }
      failure = .changed
    } catch {
      failure = .cannotRead(error)
    }
    let offset = range.lowerBound - firstRecord
    fail(
      failure,
      from: checked.withLock {
        $0.blocks.firstIndex { $0.range.lowerBound >= offset } ?? $0.blocks.count
      })
    return nil
  }

  /// Forgets the blocks from `index` on.
  private func fail(_ flaw: RecordingFlaw, from index: Int) {
    checked.change { checked in
      checked.flaw = checked.flaw ?? flaw
      checked.blocks.removeLast(max(0, checked.blocks.count - index))
      checked.ahead = []
    }
  }

  /// The completed check.
  private var whole: RecordCheck {
    check.withLock { check in
      while checkNextBlock(&check) {}
      return check
    }
  }

  /// A sum over all records, or over the records before the point where the file becomes unreadable.
  private func sum(
    _ ofAll: KeyPath<RecordCheck, UInt64>, _ toEnd: KeyPath<RecordBlock, UInt64>
  ) -> UInt64 {
    let whole = whole
    return checked.withLock { checked in
      checked.flaw == nil ? whole[keyPath: ofAll] : checked.blocks.last?[keyPath: toEnd] ?? 0
    }
  }

  // MARK: Sums

  /// Why part of the recording cannot be used; nil if all of it can.
  public var flaw: RecordingFlaw? {
    let whole = whole
    return checked.withLock { $0.flaw } ?? readerFlaw
      ?? whole.flaw.map { RecordingFlaw($0, base: firstRecord) }
  }

  /// A change of the file since it was opened, and the last record that can still be read. Checks nothing.
  public struct Damage: Hashable, Sendable {
    public var flaw: RecordingFlaw
    /// Nanoseconds from the recording's start to the last record that can still be read; nil if none can.
    public var lastTime: UInt64?
  }

  /// The change of the file; nil while all bytes read so far can be read again.
  public var damage: Damage? {
    let (flaw, last) = checked.withLock { ($0.flaw, $0.blocks.last?.lastTime) }
    return flaw.map { Damage(flaw: $0, lastTime: last.map { $0.since(startTime) }) }
  }

  /// Number of records, without the end record.
  public var recordCount: UInt64 { sum(\.recordCount, \.endRecord) }

  /// Number of records that are events, see `RecordKind.isEvent`.
  public var eventCount: UInt64 { sum(\.eventCount, \.endEvent) }

  /// Records lost while recording, by the end record; nil without one.
  public var lost: UInt64? { whole.end?.lost }

  /// Start of the recording: nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64 {
    header.host.startTime != 0 ? header.host.startTime : whole.firstTime
  }

  /// End of the recording; without an end record, or if the rest cannot be used, the largest time of a record.
  public var endTime: UInt64 {
    let whole = whole
    let cut = checked.withLock { $0.flaw == nil ? nil : $0.blocks.map(\.lastTime).max() ?? 0 }
    if let cut { return max(cut, startTime) }
    return max(whole.end?.base.time_ns ?? 0, whole.lastTime, startTime)
  }

  /// Nanoseconds from the start to the end.
  public var duration: UInt64 { endTime - startTime }

  // MARK: Records

  /// Range of the records in a binary file. Meaningless for a JSON trace, whose records are in memory.
  package var byteRange: Range<Int> { firstRecord..<firstRecord + whole.length }

  /// Calls `body` with each record; the pointer is valid during the call.
  public func forEachRecord<E: Error>(
    _ body: (UnsafePointer<record>) throws(E) -> Void
  ) throws(E) {
    var index = 0
    while let block = bytes(ofBlock: index) {
      defer { withExtendedLifetime(block) {} }
      for record in RecordSequence(bytes: block.bytes) { try body(record) }
      index += 1
    }
  }

  /// Calls `body` with the bytes of all records, which are valid during the call.
  public func withRecordBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let bytes = read(byteRange)
    defer { withExtendedLifetime(bytes) {} }
    return try body(bytes?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
  }
}
