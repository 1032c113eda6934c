/// The contents that the load writes into a block: the block's number, its generation, and words
/// computed from both. They let a later read detect a torn, swapped or stale block, or data that
/// the load never wrote.
enum BlockPattern {
  private static let magic: UInt64 = 0x7572_696e_6774_6f70

  /// The 64-bit word at an index of 2 or more. The first two words hold the block's number and
  /// generation.
  private static func word(_ index: Int, block: UInt64, generation: UInt64) -> UInt64 {
    (block << 20 ^ generation) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(index)
  }

  static func fill(
    _ buffer: borrowing MappedBuffer, at offset: Int, size: Int, block: UInt64, generation: UInt32
  ) {
    buffer.store(magic ^ block, at: offset)
    buffer.store(UInt64(generation), at: offset + 8)
    for index in 2..<size / 8 {
      buffer.store(
        word(index, block: block, generation: UInt64(generation)), at: offset + index * 8)
    }
  }

  /// A description of the block's defect. Nil if the block is correct.
  static func fault(
    in buffer: borrowing MappedBuffer, at offset: Int, size: Int, block: UInt64, generation: UInt32
  ) -> String? {
    let marked = buffer.load(at: offset, as: UInt64.self) ^ magic
    guard marked == block else {
      return "block \(block) holds no data of its own (block number 0x\(String(marked, radix: 16)))"
    }
    let found = buffer.load(at: offset + 8, as: UInt64.self)
    guard found == UInt64(generation) else {
      return "block \(block) holds version \(found) instead of \(generation)"
    }
    for index in 2..<size / 8
    where buffer.load(at: offset + index * 8) != word(index, block: block, generation: found) {
      return "block \(block), version \(generation), is wrong from byte \(index * 8)"
    }
    return nil
  }
}
