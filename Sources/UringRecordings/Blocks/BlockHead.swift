import CRecord
import CZlib

/// The head of a block: the struct in front of the block's stored bytes.
struct BlockHead {
  var stored = recording_block()

  static let size = MemoryLayout<recording_block>.size
  static let magic = UInt64(RECORDING_BLOCK_MAGIC)
  static let largestSize = Int(RECORDING_BLOCK_LARGEST)
  /// Maximum number of stored bytes in a block. Records that compression would lengthen are stored
  /// as they are, so this equals `largestSize`.
  static let largestStored = largestSize

  /// Offset of the first byte that the head's own checksum covers.
  private static let sumStart = MemoryLayout<recording_block>.offset(of: \.stored_check) ?? 12

  init() {}

  /// Nil if the bytes do not start with a valid head.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.size, bytes.loadUnaligned(as: UInt64.self) == Self.magic
    else { return nil }
    stored = bytes.loadUnaligned(as: recording_block.self)
    let covered = UnsafeRawBufferPointer(rebasing: bytes[Self.sumStart..<Self.size])
    guard stored.check == Self.sum(of: covered), isPlausible else { return nil }
  }

  /// Size of the block in bytes, including the head.
  var length: Int { Self.size + Int(stored.stored) }

  var isDifferences: Bool { stored.coding & UInt32(RECORDING_DIFFERENCES) != 0 }
  var isCompressed: Bool { stored.coding & UInt32(RECORDING_ZSTD) != 0 }

  /// False if decoding the block would take much time or memory compared with its stored size. This
  /// protects readers of untrusted files.
  private var isPlausible: Bool {
    Int(stored.size) <= Self.largestSize && Int(stored.stored) <= Self.largestStored
      && Int(stored.size) <= Int(RECORDING_BLOCK_RATIO) * length
      && stored.coding & ~UInt32(RECORDING_DIFFERENCES | RECORDING_ZSTD) == 0
      && Int(stored.records) <= Int(stored.size) / MemoryLayout<record>.size
      && stored.first_record <= 1 << 60
  }

  /// Writes the head, with its checksum, to `output`.
  mutating func encode(into output: UnsafeMutableRawBufferPointer) {
    stored.magic = Self.magic
    withUnsafeMutableBytes(of: &stored) { bytes in
      let covered = UnsafeRawBufferPointer(rebasing: bytes[Self.sumStart...])
      let sum = Self.sum(of: covered)
      let offset = MemoryLayout<recording_block>.offset(of: \.check) ?? 8
      bytes.storeBytes(of: sum, toByteOffset: offset, as: UInt32.self)
      output.copyMemory(from: UnsafeRawBufferPointer(bytes))
    }
  }

  static func sum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    let start = bytes.bindMemory(to: UInt8.self).baseAddress
    return UInt32(truncatingIfNeeded: crc32_z(0, start, bytes.count))
  }
}
