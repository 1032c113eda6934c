import CRecord
import SystemPackage
import UringBase
import UringRecords
import UringTrace

/// A recording: its header and all its usable records.
///
/// Records are read and checked in blocks. Each block is checked when it is first reached, so a
/// pass from start to end reads the file once. A sum over all records, such as ``recordCount`` or
/// ``flaw``, first checks all remaining blocks.
public final class Recording: Sendable {
  public let header: RecordingHeader

  /// Identity of the file; nil for a non-regular file.
  public let fileID: FileID?

  private let bytes: RecordBytes
  /// The flaw that the reader of JSON lines found when it decoded them.
  private let readerFlaw: RecordingFlaw?
  /// Not a `Mutex`: the thread sanitizer does not see the synchronization of a `Mutex` for which a
  /// thread had to wait.
  private let check: Monitor<RecordingCheck>
  /// Has its own lock, so that looking up a checked block does not wait for the check of another
  /// block.
  private let checked = Monitor(Checked())

  /// The blocks checked so far.
  private struct Checked {
    var blocks: [(block: RecordBlock, start: BlockReader.Place)] = []
    /// Bytes of the most recently checked blocks that have not been used.
    var ahead: [(index: Int, bytes: FileBytes)] = []
    /// Set if the file could not be read, or has changed since it was opened.
    var flaw: RecordingFlaw?
    /// Number of callers between ``beginCheckingAhead()`` and ``endCheckingAhead()``. Threads check
    /// ahead while it is not 0.
    var hurried = 0

    /// Maximum number of blocks checked ahead and kept until they are used.
    static let mostAhead = 2
    var isFull: Bool { ahead.count >= Self.mostAhead }
  }

  /// Opens a binary recording or a JSON trace, distinguished by the first bytes.
  ///
  /// - Parameter didOpen: called when the file is open but not yet read. No other file is opened
  ///   after that.
  public convenience init(path: FilePath, didOpen: () -> Void = {}) throws(RecordingError) {
    try self.init(
      contents: FileContents(path: path, didOpen: didOpen, Self.startsLikeRecording))
  }

  /// The content of a file that is either a recording or a JSON document.
  package enum Content {
    case recording(Recording)
    /// The text of a JSON document.
    case document(FileBytes)
  }

  /// Opens a file that is either a recording or a JSON document.
  package static func open(
    path: FilePath, didOpen: () -> Void = {}
  ) throws(RecordingError) -> Content {
    let contents = try FileContents(path: path, didOpen: didOpen, startsLikeRecording)
    do throws(RecordingError) {
      return .recording(try Recording(contents: contents))
    } catch {
      let isJSON = TraceReader.looksLikeTrace(try start(of: contents)) == true
      guard isJSON, error == .snapshotDocument || error == .notARecording else { throw error }
      guard contents.count <= FileContents.mostInMemory else { throw .tooLong }
      do {
        guard let text = try contents.piece(0..<contents.count) else {
          throw SystemPackage.Errno.ioError
        }
        return .document(text)
      } catch {
        throw .cannotRead(error as? SystemPackage.Errno ?? .ioError)
      }
    }
  }

  /// A recording in memory, binary or JSON lines.
  public convenience init(bytes: [UInt8]) throws(RecordingError) {
    try self.init(contents: FileContents(copying: bytes))
  }

  /// A binary recording in memory, checked in pieces of `blockSize` bytes.
  convenience init(bytes: [UInt8], blockSize: Int) throws(RecordingError) {
    try self.init(binary: FileContents(copying: bytes), blockSize: blockSize)
  }

  private convenience init(contents: FileContents) throws(RecordingError) {
    if TraceReader.looksLikeTrace(try Self.start(of: contents)) == true {
      let trace = try TraceReader.read(contents)
      self.init(
        header: trace.header,
        bytes: RecordBytes(
          FileContents(trace.records), format: .records, start: 0, blockSize: nil),
        flaw: trace.flaw, fileID: contents.identity)
    } else {
      try self.init(binary: contents)
    }
  }

  convenience init(
    binary contents: FileContents, blockSize: Int? = nil
  ) throws(RecordingError) {
    let (header, format, size) = try RecordingHeader.decode(Self.start(of: contents))
    self.init(
      header: header,
      bytes: RecordBytes(contents, format: format, start: size, blockSize: blockSize),
      flaw: nil, fileID: contents.identity)
  }

  private init(
    header: RecordingHeader, bytes: RecordBytes, flaw: RecordingFlaw?, fileID: FileID?
  ) {
    self.fileID = fileID
    self.header = header
    self.bytes = bytes
    readerFlaw = flaw
    check = Monitor(RecordingCheck(bytes))
  }

  /// True if a recording can begin with these bytes; nil if there are too few bytes to decide.
  private static func startsLikeRecording(_ bytes: UnsafeRawBufferPointer) -> Bool? {
    if let answer = TraceReader.looksLikeTrace(bytes), answer { return true }
    if bytes.starts(with: RecordingHeader.magic) { return true }
    return bytes.count < TraceReader.mostSpace ? nil : false
  }

  /// The first bytes of the file: as many as the longest header has, or all bytes of a shorter
  /// file.
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

  /// The block of records with this index; nil behind the last block.
  package func block(_ index: Int) -> RecordBlock? {
    while true {
      if let block = checked.withLock({ index < $0.blocks.count ? $0.blocks[index].block : nil }) {
        return block
      }
      // Another thread may have checked the block while this one waited for the lock.
      let isChecked = check.withLock { check in
        checked.withLock { $0.blocks.count } > index || checkNextBlock(&check)
      }
      if !isChecked { return nil }
    }
  }

  /// The bytes of a block's records, which are immutable. Nil behind the last block. Also nil if
  /// the file has changed, in which case the recording ends before this block.
  package func bytes(ofBlock index: Int) -> FileBytes? {
    guard let block = block(index) else { return nil }
    let ahead = checked.change { checked in
      let bytes = checked.ahead.first { $0.index == index }?.bytes
      if bytes != nil { checked.ahead.removeAll { $0.index <= index } }
      return bytes
    }
    if let ahead { return FileBytes(0..<block.range.count, of: ahead) }
    guard let start = checked.withLock({ $0.blocks.dropFirst(index).first?.start }),
      let all = read(start, size: block.range.count, from: index)?.bytes
    else { return nil }
    let bytes = FileBytes(0..<block.range.count, of: all)
    // The file may have changed since the block was checked, so the bytes just read are checked
    // again.
    var check = RecordCheck(blockSize: block.range.count)
    guard let again = check.nextBlock(in: bytes.bytes, isLast: true), again.isLike(block) else {
      fail(.changed, from: index)
      return nil
    }
    return bytes
  }

  /// Ends the recording before block `index`, because the caller has no memory to process it.
  package func leaveOut(from index: Int) { fail(.crowded, from: index) }

  /// Starts a thread that checks blocks before they are used, until ``endCheckingAhead()``. For
  /// callers that use all blocks. If no thread can be started, or the recording has a single block,
  /// blocks are checked when they are used.
  package func beginCheckingAhead() {
    checked.withLock { $0.hurried += 1 }
    guard bytes.isLong else { return }
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

  private func checkNextBlock(_ check: inout RecordingCheck) -> Bool {
    guard !check.isComplete, checked.withLock({ $0.flaw == nil }) else { return false }
    let start = check.next
    guard let piece = read(start, from: checked.withLock({ $0.blocks.count })),
      let block = check.take(piece)
    else { return false }
    checked.change { checked in
      if !checked.isFull { checked.ahead.append((checked.blocks.count, piece.bytes)) }
      checked.blocks.append((block, start))
    }
    return true
  }

  /// Reads the records from a place on. On failure, returns nil and notes the failure as the
  /// recording's flaw.
  ///
  /// - Parameters:
  ///   - size: bytes of records to read; nil for those of a block that is not checked yet.
  ///   - index: index of the block that begins at `start`.
  private func read(
    _ start: BlockReader.Place, size: Int? = nil, from index: Int
  ) -> BlockReader.Group? {
    let failure: RecordingFlaw
    do throws(Errno) {
      if let piece = try bytes.piece(at: start, size: size), piece.bytes.bytes.count >= size ?? 0 {
        return piece
      }
      failure = .changed
    } catch {
      failure = .cannotRead(error)
    }
    fail(failure, from: index)
    return nil
  }

  /// Notes the flaw, and ends the recording before block `index`.
  private func fail(_ flaw: RecordingFlaw, from index: Int) {
    checked.change { checked in
      checked.flaw = checked.flaw ?? flaw
      checked.blocks.removeLast(max(0, checked.blocks.count - index))
      checked.ahead = []
    }
  }

  /// The result of the check after all blocks have been checked.
  private var whole: RecordCheck { completed.records }

  private var completed: RecordingCheck {
    check.withLock { check in
      while checkNextBlock(&check) {}
      return check
    }
  }

  /// A sum over all records. If the file became unreadable, the sum over the records before that
  /// point.
  private func sum(
    _ ofAll: KeyPath<RecordCheck, UInt64>, _ toEnd: KeyPath<RecordBlock, UInt64>
  ) -> UInt64 {
    let whole = whole
    return checked.withLock { checked in
      checked.flaw == nil ? whole[keyPath: ofAll] : checked.blocks.last?.block[keyPath: toEnd] ?? 0
    }
  }

  // MARK: Sums

  /// The reason why part of the recording cannot be used; nil if all of it can.
  public var flaw: RecordingFlaw? {
    let completed = completed
    return checked.withLock { $0.flaw } ?? readerFlaw ?? completed.flaw
  }

  /// True if the end of the recording can be used. Blocks before it may be damaged.
  package var hasEnd: Bool {
    switch flaw {
    case nil: true
    case .damaged(_, _, _, let isCutOff): !isCutOff
    default: false
    }
  }

  /// A flaw found after the file was opened, and the last record that can still be read.
  public struct Damage: Hashable, Sendable {
    public var flaw: RecordingFlaw
    /// Nanoseconds from the recording's start to the last record that can still be read; nil if
    /// none can.
    public var lastTime: UInt64?
  }

  /// The flaw found so far; nil while all bytes read so far can be read again. Reads nothing from
  /// the file.
  public var damage: Damage? {
    let (flaw, last) = checked.withLock { ($0.flaw, $0.blocks.last?.block.lastTime) }
    return flaw.map { Damage(flaw: $0, lastTime: last.map { $0.since(startTime) }) }
  }

  /// Number of records, without the end record.
  public var recordCount: UInt64 { sum(\.recordCount, \.endRecord) }

  /// Number of records that are events, see `RecordKind.isEvent`.
  public var eventCount: UInt64 { sum(\.eventCount, \.endEvent) }

  /// Number of lost records: those lost while recording, as counted by the end record, and those in
  /// damaged blocks. Nil without an end record.
  public var lost: UInt64? {
    let completed = completed
    return completed.records.end.map { $0.lost &+ (completed.damage?.records ?? 0) }
  }

  /// Start of the recording: nanoseconds, CLOCK_MONOTONIC.
  public var startTime: UInt64 {
    header.host.startTime != 0 ? header.host.startTime : whole.firstTime
  }

  /// Time of the end record. Without an end record, or if the rest of the file cannot be used, the
  /// largest time of a record. Nanoseconds, CLOCK_MONOTONIC.
  public var endTime: UInt64 {
    let whole = whole
    let cut = checked.withLock { $0.flaw == nil ? nil : $0.blocks.map(\.block.lastTime).max() ?? 0 }
    if let cut { return max(cut, startTime) }
    return max(whole.end?.base.time_ns ?? 0, whole.lastTime, startTime)
  }

  /// Nanoseconds from ``startTime`` to ``endTime``.
  public var duration: UInt64 { endTime - startTime }

  // MARK: Records

  /// Calls `body` with each record. The pointer is valid during the call.
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

  /// Calls `body` with the bytes of all records. They are valid during the call.
  public func withRecordBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    var all = GrowingBytes()
    var index = 0
    while let block = bytes(ofBlock: index) {
      all.append(block.bytes)
      index += 1
    }
    let bytes = all.finish()
    defer { withExtendedLifetime(bytes) {} }
    return try body(bytes.bytes)
  }
}
