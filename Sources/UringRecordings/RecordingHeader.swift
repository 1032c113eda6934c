import CRecord
import UringRecords
import UringTrace

/// The header of a recording: version, host and start time. It precedes the first record.
public struct RecordingHeader: Sendable, Hashable {
  /// Layout of the records, `RECORD_SCHEMA`.
  public var schema: UInt32
  /// Version of the uringtop that wrote the recording.
  public var toolVersion: String
  public var host: HostDescription

  public init(toolVersion: String, host: HostDescription) {
    self.schema = UInt32(RECORD_SCHEMA)
    self.toolVersion = toolVersion
    self.host = host
  }

  static let magic: [UInt8] = Array(RECORDING_MAGIC.utf8)
  static let largestSize = 1 << 16

  /// The format of a file's content behind its header.
  package enum Format: UInt16, Sendable {
    case records = 0
    case blocks = 1
  }

  /// The header's bytes as stored in a file.
  func encoded(_ format: Format) -> [UInt8] {
    var header = recording_header()
    withUnsafeMutableBytes(of: &header.magic) { $0.copyBytes(from: Self.magic) }
    header.schema = UInt16(truncatingIfNeeded: schema)
    header.format = format.rawValue
    header.header_size = UInt32(MemoryLayout<recording_header>.size)
    header.start_ns = host.startTime
    header.start_realtime_ns = host.startRealtime
    header.sampling = host.sampling
    CharArray.set(&header.tool_version, to: toolVersion)
    CharArray.set(&header.kernel, to: host.kernel)
    CharArray.set(&header.tier, to: host.tier)
    return withUnsafeBytes(of: header) { Array($0) }
  }

  /// True if both times are small enough that adding the length of a recording to the time of day
  /// cannot overflow.
  static func areInBounds(start: UInt64, realtime: UInt64) -> Bool {
    start <= RecordBounds.largest && realtime <= RecordBounds.largest * 4
  }

  /// Reads a file's header from its first bytes.
  ///
  /// - Returns: the header, the format of the content behind it, and the header's size in bytes.
  static func decode(
    _ start: FileBytes
  ) throws(RecordingError) -> (header: RecordingHeader, format: Format, size: Int) {
    defer { withExtendedLifetime(start) {} }
    return try decode(start.bytes)
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(RecordingError) -> (header: RecordingHeader, format: Format, size: Int) {
    guard bytes.starts(with: magic) else { throw .notARecording }
    let size = MemoryLayout<recording_header>.size
    let sizeWithoutSampling = MemoryLayout<recording_header>.offset(of: \.sampling) ?? size
    // Magic, schema, format and header size have the same offsets in every schema.
    guard bytes.count >= 16 else { throw .truncatedHeader }
    let schema = UInt32(bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
    let number = bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
    let headerSize = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    let known = UInt32(RECORD_SCHEMA)
    guard schema <= known else { throw .newerSchema(schema, known: known) }
    guard let format = Format(rawValue: number) else { throw .newerFormat(number) }
    guard schema >= 1, headerSize >= sizeWithoutSampling, headerSize <= largestSize,
      headerSize.isMultiple(of: 8)
    else { throw .corruptHeader }
    guard bytes.count >= headerSize else { throw .truncatedHeader }
    var stored = recording_header()
    withUnsafeMutableBytes(of: &stored) {
      $0.copyBytes(from: bytes[..<min(headerSize, size)])
    }
    guard Self.areInBounds(start: stored.start_ns, realtime: stored.start_realtime_ns) else {
      throw .corruptHeader
    }
    let header = RecordingHeader(
      toolVersion: CharArray.string(stored.tool_version),
      host: HostDescription(
        kernel: CharArray.string(stored.kernel), tier: CharArray.string(stored.tier),
        startTime: stored.start_ns, startRealtime: stored.start_realtime_ns,
        sampling: max(1, stored.sampling)))
    return (header, format, headerSize)
  }
}
