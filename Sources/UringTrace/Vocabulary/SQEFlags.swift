/// `IOSQE_*`, also the low byte of `io_kiocb.flags`. Stable ABI (include/uapi/linux/io_uring.h).
public struct SQEFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The flags of a request, given its `REQ_F_*`.
  public init(requestFlags: UInt64) { rawValue = UInt8(truncatingIfNeeded: requestFlags) }

  public static let fixedFile = SQEFlags(rawValue: 1 << 0)
  public static let drain = SQEFlags(rawValue: 1 << 1)
  public static let link = SQEFlags(rawValue: 1 << 2)
  public static let hardlink = SQEFlags(rawValue: 1 << 3)
  public static let async = SQEFlags(rawValue: 1 << 4)
  public static let bufferSelect = SQEFlags(rawValue: 1 << 5)
  public static let cqeSkipSuccess = SQEFlags(rawValue: 1 << 6)

  /// Flag names without the prefix, lowest bit first.
  public var names: [String] { Self.bits.names(in: UInt32(rawValue)) }

  /// The flags with these names; nil if a name is unknown.
  package init?(names: [String]) {
    guard let value = Self.bits.value(of: names).flatMap(UInt8.init(exactly:)) else { return nil }
    rawValue = value
  }

  private static let bits = NamedBits(
    "FIXED_FILE", "IO_DRAIN", "IO_LINK", "IO_HARDLINK", "ASYNC", "BUFFER_SELECT",
    "CQE_SKIP_SUCCESS")
}

extension Request {
  /// Names of the `REQ_F_*` flags set at submission. Flags that are also `IOSQE_*` flags have the
  /// names that applications use.
  ///
  /// - Parameter kernelNames: ``Snapshot/requestFlagNames``.
  public func flagNames(_ kernelNames: [String]) -> [String] {
    var names = SQEFlags(requestFlags: core.flags).names
    for bit in 8..<64 where core.flags >> UInt64(bit) & 1 != 0 {
      let name = bit < kernelNames.count ? kernelNames[bit] : ""
      names.append(name.isEmpty ? "bit\(bit)" : name)
    }
    return names
  }
}
