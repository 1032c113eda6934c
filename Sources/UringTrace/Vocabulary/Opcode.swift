/// An `IORING_OP_*` number. Stable ABI on mainline kernels (include/uapi/linux/io_uring.h).
public struct Opcode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }
}

extension Opcode {
  /// The file that an SQE of this opcode names, nil for opcodes without one.
  func fileReference(in sqe: SQE, isKnown: Bool) -> FileReference? {
    nil
  }
}
