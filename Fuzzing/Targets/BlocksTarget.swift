import CRecord

@testable import UringRecordings

/// Binary recordings in blocks. The sums of an input's blocks are made right, so that what they protect is read.
enum BlocksTarget: Target {
  static let name = "blocks"
  static let longest = 4096

  static func run(_ input: UnsafeRawBufferPointer) {
    guard input.first == UInt8(ascii: "U") else { return }
    var bytes = Array(input)
    bytes.withUnsafeMutableBytes { Self.repair($0) }
    Examination.follow(bytes)
    guard let recording = try? Recording(bytes: bytes) else { return }
    Examination.examine(recording, of: input)
  }

  /// Corrects the magics and the sums of blocks, one behind the other as their heads say.
  private static func repair(_ bytes: UnsafeMutableRawBufferPointer) {
    guard bytes.count >= 16 else { return }
    var offset = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    while offset >= 16, offset + BlockHead.size <= bytes.count {
      var head = BlockHead()
      head.stored = bytes.loadUnaligned(fromByteOffset: offset, as: recording_block.self)
      let content = offset + BlockHead.size
      let end = content + Int(head.stored.stored)
      // Some inputs have a damaged block, and some a torn one.
      if end <= bytes.count, head.stored.stored_check != 0 {
        head.stored.stored_check = BlockHead.sum(
          of: UnsafeRawBufferPointer(rebasing: bytes[content..<end]))
      }
      if head.stored.check != 0 {
        head.encode(into: UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]))
      }
      offset = end
    }
  }
}
