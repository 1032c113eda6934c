import UringRecords

/// Decodes the records of blocks. Callable from any thread, but by only one at a time.
final class BlockRestorer: @unchecked Sendable {
  private let decompressor = BlockDecompressor()
  /// Buffer for a block's records as differences, with slack at the end that the decoder may read.
  private let scratch = UnsafeMutableRawBufferPointer.allocate(
    byteCount: mostDifferences + RecordDifferences.slack, alignment: 64)

  private static let mostDifferences = RecordDifferences.mostBytes(for: BlockHead.largestSize)

  deinit { scratch.deallocate() }

  /// Decodes the records of a block. Returns false if the block's content is damaged.
  ///
  /// - Parameter output: memory of exactly the size of the records.
  func restore(
    _ head: BlockHead, _ content: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard BlockHead.sum(of: content) == head.stored.stored_check else { return false }
    switch (head.isDifferences, head.isCompressed) {
    case (false, false):
      guard content.count == output.count else { return false }
      output.copyMemory(from: content)
      return true
    case (false, true):
      return decompressor.decompress(content, into: output) == output.count
    case (true, let isCompressed):
      guard let count = differences(content, isCompressed) else { return false }
      return RecordDifferences.decode(
        UnsafeRawBufferPointer(rebasing: scratch[..<count]), into: output)
    }
  }

  /// Puts the block's differences into ``scratch`` and returns their size. Returns nil if the
  /// content is damaged.
  private func differences(_ content: UnsafeRawBufferPointer, _ isCompressed: Bool) -> Int? {
    let room = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Self.mostDifferences])
    if isCompressed { return decompressor.decompress(content, into: room) }
    guard content.count <= room.count else { return nil }
    room.copyMemory(from: content)
    return content.count
  }
}
