import CRecord
import UringRecords

/// A recording that arrives piece by piece, for example through a pipe. It is binary or JSON lines.
public struct RecordStream: Sendable {
  /// The reason why no more records can be used.
  public enum Ending: Hashable, Sendable {
    /// The end record or the summary line has arrived.
    case complete
    case flaw(RecordingFlaw)
  }

  private enum Format {
    case binary(RecordCheck)
    case blocks(RecordCheck, BlockRestorer)
    case lines(TraceLineReader)
  }

  /// The header; nil until all of it has arrived.
  public private(set) var header: RecordingHeader?
  /// The reason why the stream ended; nil while more records can follow.
  public private(set) var ending: Ending?

  private var format: Format?
  /// Bytes that arrived. Those before the offset ``used`` have been decoded.
  private var bytes: [UInt8] = []
  private var used = 0
  /// Number of bytes already removed from the start of ``bytes``. The position of a flaw in the
  /// stream is its offset in ``bytes`` plus this number.
  private var passed = 0

  public init() {}

  /// Takes the next bytes.
  ///
  /// - Throws: if the bytes so far cannot be the start of a recording.
  public mutating func append(_ new: ArraySlice<UInt8>) throws(RecordingError) {
    if used == bytes.count {
      passed += used
      bytes.removeAll(keepingCapacity: true)
      used = 0
    } else if used > 1 << 20 {
      // Removing the used bytes keeps binary records aligned: their number is a multiple of 8. Text
      // needs no alignment.
      passed += used
      bytes.removeSubrange(..<used)
      used = 0
    }
    bytes.append(contentsOf: new)
    if header == nil { try readHeader() }
  }

  /// Calls `body` with the records that have arrived since the last call. They are valid during the
  /// call.
  public mutating func takeRecords(_ body: (UnsafeRawBufferPointer) -> Void) {
    guard ending == nil else { return }
    switch format {
    case .binary(var check): takeBinary(&check, body)
    case .blocks(var check, let restorer): takeBlocks(&check, restorer, body)
    case .lines(var reader): takeLines(&reader, body)
    case nil: break
    }
  }

  /// Notes that no more bytes follow.
  public mutating func finish() {
    if ending == nil { ending = .flaw(.cutOff) }
  }

  // MARK: The header

  private mutating func readHeader() throws(RecordingError) {
    if let isTrace = bytes.withUnsafeBytes({ TraceReader.looksLikeTrace($0) }), isTrace {
      guard let line = try nextLine() else { return }
      let reader = TraceLineReader()
      header = try reader.header(line)
      format = .lines(reader)
      return
    }
    guard RecordingHeader.magic.starts(with: bytes.prefix(RecordingHeader.magic.count)) else {
      if bytes.allSatisfy({ $0 <= 0x20 }), bytes.count < TraceReader.mostSpace { return }
      throw .notARecording
    }
    guard bytes.count >= 16 else { return }
    let size = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 12, as: UInt32.self) }
    // No header is longer than `largestSize`; decode() refuses a larger size.
    guard bytes.count >= min(Int(size), RecordingHeader.largestSize) else { return }
    let decoded = bytes.withUnsafeBytes { bytes in
      Result { () throws(RecordingError) in try RecordingHeader.decode(bytes) }
    }
    let (header, format, end) = try decoded.get()
    self.header = header
    used = end
    self.format =
      switch format {
      case .records: .binary(RecordCheck())
      case .blocks: .blocks(RecordCheck(), BlockRestorer())
      }
  }

  // MARK: Binary

  private mutating func takeBinary(
    _ check: inout RecordCheck, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    let size = bytes.withUnsafeBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
      let size = check.passWhole(rest)
      if size > 0 { body(UnsafeRawBufferPointer(rebasing: rest[..<size])) }
      return size
    }
    used += size
    if check.end != nil {
      ending = .complete
    } else if check.isComplete {
      ending = .flaw(.corrupt(place: UInt64(passed + used), isLine: false))
    }
    format = .binary(check)
  }

  // MARK: Blocks

  /// Takes whole blocks. A damaged block ends the stream, because the next block cannot be searched
  /// for in bytes that have not arrived.
  private mutating func takeBlocks(
    _ check: inout RecordCheck, _ restorer: BlockRestorer, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    while ending == nil, bytes.count - used >= BlockHead.size {
      let length = bytes.withUnsafeBytes { bytes -> Int? in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
        guard let head = BlockHead(rest) else { return nil }
        guard rest.count >= head.length else { return 0 }
        let content = UnsafeRawBufferPointer(rebasing: rest[BlockHead.size..<head.length])
        return Self.restore(head, content, restorer, &check, body) ? head.length : nil
      }
      guard let length else {
        ending = .flaw(.corrupt(place: UInt64(passed + used), isLine: false))
        break
      }
      if length == 0 { break }
      used += length
      if check.end != nil { ending = .complete }
    }
    format = .blocks(check, restorer)
  }

  /// Decodes a block, checks its records and calls `body` with them. Returns false if the block is
  /// damaged.
  private static func restore(
    _ head: BlockHead, _ content: UnsafeRawBufferPointer, _ restorer: BlockRestorer,
    _ check: inout RecordCheck, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    let size = Int(head.stored.size)
    return withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { records in
      guard restorer.restore(head, content, into: records) else { return false }
      let bytes = UnsafeRawBufferPointer(records)
      let whole = check.passWhole(bytes)
      if whole > 0 { body(UnsafeRawBufferPointer(rebasing: bytes[..<whole])) }
      return whole == size && !check.isComplete || check.end != nil
    }
  }

  // MARK: Lines

  /// The next whole line, without its newline. Nil if the newline has not arrived.
  private mutating func nextLine() throws(RecordingError) -> [UInt8]? {
    guard let end = bytes[used...].firstIndex(of: UInt8(ascii: "\n")) else {
      if bytes.count - used > TraceLineReader.longest { throw .notARecording }
      return nil
    }
    defer { used = end + 1 }
    return Array(bytes[used..<end])
  }

  private mutating func takeLines(
    _ reader: inout TraceLineReader, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    var records: [UInt8] = []
    while ending == nil {
      let line: [UInt8]
      do throws(RecordingError) {
        guard let next = try nextLine() else { break }
        line = next
      } catch {
        ending = .flaw(.corrupt(place: reader.number + 1, isLine: true))
        break
      }
      switch reader.record(line) {
      case .record(let bytes): records += bytes
      case .end(_): ending = .complete
      case nil: ending = .flaw(.corrupt(place: reader.number, isLine: true))
      }
    }
    if !records.isEmpty { records.withUnsafeBytes(body) }
    format = .lines(reader)
  }
}
