import UringRecords

/// Restores the records of blocks. Callable from any thread, by one at a time.
final class BlockRestorer: @unchecked Sendable {
  private let decompressor = BlockDecompressor()
  /// Differences, and room behind them that their decoder may read.
  private let scratch = UnsafeMutableRawBufferPointer.allocate(
    byteCount: mostDifferences + RecordDifferences.slack, alignment: 64)

  private static let mostDifferences = RecordDifferences.mostBytes(for: BlockHead.largestSize)

  deinit { scratch.deallocate() }

  /// Restores the records of a block; false if its content is damaged.
  ///
  /// - Parameter output: as many bytes as the records have.
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

  /// Puts the differences into the scratch memory; returns their size.
  private func differences(_ content: UnsafeRawBufferPointer, _ isCompressed: Bool) -> Int? {
    let room = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Self.mostDifferences])
    if isCompressed { return decompressor.decompress(content, into: room) }
    guard content.count <= room.count else { return nil }
    room.copyMemory(from: content)
    return content.count
  }
}
