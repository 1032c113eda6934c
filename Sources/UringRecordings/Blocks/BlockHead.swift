import CRecord
import CZlib

/// The struct in front of a block's stored bytes.
struct BlockHead {
  var stored = recording_block()

  static let size = MemoryLayout<recording_block>.size
  static let magic = UInt64(RECORDING_BLOCK_MAGIC)
  static let largestSize = Int(RECORDING_BLOCK_LARGEST)
  /// Bytes that a block can store: records that compression makes longer are stored as they are.
  static let largestStored = largestSize

  /// Offset of what the head's own sum covers.
  private static let sumStart = MemoryLayout<recording_block>.offset(of: \.stored_check) ?? 12

  init() {}

  /// Nil if there is no valid head at the start of the bytes.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.size, bytes.loadUnaligned(as: UInt64.self) == Self.magic
    else { return nil }
    stored = bytes.loadUnaligned(as: recording_block.self)
    let covered = UnsafeRawBufferPointer(rebasing: bytes[Self.sumStart..<Self.size])
    guard stored.check == Self.sum(of: covered), isPlausible else { return nil }
  }

  /// Bytes of the block, head included.
  var length: Int { Self.size + Int(stored.stored) }

  var isDifferences: Bool { stored.coding & UInt32(RECORDING_DIFFERENCES) != 0 }
  var isCompressed: Bool { stored.coding & UInt32(RECORDING_ZSTD) != 0 }

  /// True unless a small file could make its reader work long, or need much memory.
  private var isPlausible: Bool {
    Int(stored.size) <= Self.largestSize && Int(stored.stored) <= Self.largestStored
      && Int(stored.size) <= Int(RECORDING_BLOCK_RATIO) * length
      && stored.coding & ~UInt32(RECORDING_DIFFERENCES | RECORDING_ZSTD) == 0
      && Int(stored.records) <= Int(stored.size) / MemoryLayout<record>.size
      && stored.first_record <= 1 << 60
  }

  /// The head's bytes, with its sum.
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
