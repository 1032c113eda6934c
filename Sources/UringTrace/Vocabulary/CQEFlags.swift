/// `IORING_CQE_F_*` (include/uapi/linux/io_uring.h).
public struct CQEFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let buffer = CQEFlags(rawValue: 1 << 0)
  public static let more = CQEFlags(rawValue: 1 << 1)
  public static let socketNonEmpty = CQEFlags(rawValue: 1 << 2)
  public static let notification = CQEFlags(rawValue: 1 << 3)
  public static let bufferMore = CQEFlags(rawValue: 1 << 4)
  public static let skip = CQEFlags(rawValue: 1 << 5)
  public static let size32 = CQEFlags(rawValue: 1 << 15)

  /// Id of the provided buffer used; nil if none was.
  public var bufferID: UInt16? {
    contains(.buffer) ? UInt16(truncatingIfNeeded: rawValue >> 16) : nil
  }

  /// Flag names without the prefix, lowest bit first; the buffer id is not included.
  public var names: [String] {
    Self.bits.names(in: contains(.buffer) ? rawValue & 0xffff : rawValue)
  }

  private static let bits = NamedBits(masks: [
    (1 << 0, "BUFFER"), (1 << 1, "MORE"), (1 << 2, "SOCK_NONEMPTY"), (1 << 3, "NOTIF"),
    (1 << 4, "BUF_MORE"), (1 << 5, "SKIP"), (1 << 15, "32"),
  ])
}
