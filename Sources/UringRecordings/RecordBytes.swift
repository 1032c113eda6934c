import SystemPackage
import UringRecords

/// The records of a binary recording, read in pieces. Hides whether the file has blocks or plain
/// records.
struct RecordBytes: Sendable {
  private let contents: FileContents
  /// Nil if the records follow the header directly, without blocks.
  private let blocks: BlockReader?
  let start: BlockReader.Place
  /// Bytes of records that are checked in one step.
  let blockSize: Int

  /// Few enough bytes to stay in the cache until they are used. Enough to make the aggregator's
  /// work at the end of each piece (its event log) negligible.
  private static let usualBlockSize = 1 << 22

  /// - Parameters:
  ///   - start: offset of the first record or block.
  ///   - blockSize: bytes of records that are checked in one step; nil for the default.
  init(_ contents: FileContents, format: RecordingHeader.Format, start: Int, blockSize: Int?) {
    let blockSize = blockSize ?? Self.usualBlockSize
    self.contents = contents
    self.blockSize = blockSize
    self.start = BlockReader.Place(offset: start, records: 0)
    blocks = format == .blocks ? BlockReader(contents, groupSize: blockSize) : nil
  }

  var hasBlocks: Bool { blocks != nil }

  /// True if the file needs more than one piece. Only an estimate for a file with blocks.
  var isLong: Bool { contents.count - start.offset > (hasBlocks ? 1 << 16 : windowSize) }

  /// Bytes that `RecordCheck` needs in one piece of a file without blocks.
  private var windowSize: Int { blockSize + Int(UInt16.max) }

  /// Reads the records from a place on. Returns nil if the file has become shorter.
  ///
  /// - Parameter size: bytes of records to read; nil for as many as are checked in one step.
  func piece(
    at place: BlockReader.Place, size: Int?
  ) throws(SystemPackage.Errno) -> BlockReader.Group? {
    if let blocks { return try blocks.group(at: place) }
    let end = min(contents.count, place.offset + (size ?? windowSize))
    return try contents.piece(min(place.offset, end)..<end).map {
      BlockReader.Group(bytes: $0, next: place, isLast: end == contents.count)
    }
  }
}

/// The check of a recording: all records from the first to the end, or to the first invalid record.
struct RecordingCheck: Sendable {
  private(set) var records: RecordCheck
  /// Where the next piece begins.
  private(set) var next: BlockReader.Place
  private(set) var damage: BlockReader.Damage?
  private let hasBlocks: Bool
  private let start: Int
  /// Offset of the piece that was checked last.
  private var last = 0
  private var isLast = false
  private var tail: Int?

  init(_ bytes: RecordBytes) {
    hasBlocks = bytes.hasBlocks
    start = bytes.start.offset
    next = bytes.start
    // A group of blocks is checked in one step, whatever its size.
    records = RecordCheck(blockSize: bytes.hasBlocks ? 1 << 40 : bytes.blockSize)
  }

  var isComplete: Bool { records.isComplete }

  /// Checks a piece. Returns nil if the piece has no records.
  mutating func take(_ piece: BlockReader.Group) -> RecordBlock? {
    last = next.offset
    isLast = piece.isLast
    tail = tail ?? piece.tail
    if let more = piece.damage {
      damage = damage ?? BlockReader.Damage(place: more.place)
      damage?.blocks += more.blocks
      damage?.records &+= more.records
    }
    let block = records.nextBlock(in: piece.bytes.bytes, isLast: piece.isLast)
    if hasBlocks {
      next = piece.next
    } else {
      next.offset = start + records.length
    }
    return block
  }

  /// The reason why part of the recording cannot be used; nil if all of it can. Known only when the
  /// check is complete.
  var flaw: RecordingFlaw? {
    let flaw: RecordingFlaw?
    switch records.flaw {
    case nil: flaw = tail.map { .corrupt(place: UInt64($0), isLine: false) }
    case .cutOff where !hasBlocks || isLast: flaw = .cutOff
    case .corrupt(let offset) where !hasBlocks:
      flaw = .corrupt(place: UInt64(start + offset), isLine: false)
    default: flaw = .corrupt(place: UInt64(last), isLine: false)
    }
    guard let damage, flaw == nil || flaw == .cutOff else { return flaw }
    return .damaged(
      place: UInt64(damage.place), blocks: damage.blocks, records: damage.records,
      isCutOff: flaw == .cutOff)
  }
}
