/// `IORING_SETUP_*` (include/uapi/linux/io_uring.h).
public struct SetupFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }
}
