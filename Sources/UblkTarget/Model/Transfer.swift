import CURing
import UringBase

/// The way in which data are transferred between a block request and the backing file.
public enum Transfer: String, Sendable, Hashable, CaseIterable {
  /// The driver copies to and from a buffer of the server (6.0).
  case copy
  /// The server copies the data with reads and writes of /dev/ublkcN (6.5).
  case userCopy = "user-copy"
  /// The server registers the block request's pages as a buffer of its ring (6.15).
  case zeroCopy = "zero-copy"
  /// The driver registers the pages before it delivers the block request (6.16).
  case automatic = "auto"

  /// The features to request in ADD_DEV. Automatic registration includes explicit registration,
  /// which the server uses when the automatic one fails.
  var features: Features {
    switch self {
    case .copy: []
    case .userCopy: .userCopy
    case .zeroCopy: .zeroCopy
    case .automatic: [.zeroCopy, .automaticBuffers]
    }
  }

  /// True if members use a kernel buffer that the driver lends.
  public var lendsKernelBuffer: Bool { self == .zeroCopy || self == .automatic }

  /// True if a member (a request that transfers data of an I/O) can begin inside the I/O's data.
  ///
  /// For a lent buffer, this is true from 6.19 on. In earlier kernels, a request that begins inside
  /// one of the buffer's segments can get too few segments and so wrong data (io_import_kbuf() in
  /// io_uring/rsrc.c; observed on 6.17 with 512-byte blocks).
  func dividesData(on kernel: KernelRelease?) -> Bool {
    !lendsKernelBuffer || kernel.map { $0 >= KernelRelease(6, 19) } ?? false
  }

  /// The transfer that copies least, among those that these features allow.
  public static func best(on features: Features) -> Transfer {
    let preferred: [Transfer] = [.automatic, .zeroCopy, .userCopy]
    return preferred.first { features.isSuperset(of: $0.features) } ?? .copy
  }
}

/// The features of a ublk driver: `UBLK_F_*`, as returned by UBLK_U_CMD_GET_FEATURES (6.5).
public struct Features: OptionSet, Sendable, Hashable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let zeroCopy = Features(rawValue: UInt64(CURING_UBLK_F_ZERO_COPY))
  /// Commands are encoded like ioctls. Kernels built without the legacy opcodes have no other
  /// encoding.
  public static let ioctlEncoding = Features(rawValue: UInt64(CURING_UBLK_F_IOCTL_ENCODE))
  public static let userCopy = Features(rawValue: UInt64(CURING_UBLK_F_USER_COPY))
  /// UBLK_F_SHMEM_ZC. A driver with this feature may take a short result for a complete one, except
  /// with ``Transfer/copy``. 7.3 does so: __ublk_complete_rq ends the request before it checks the
  /// count. 7.2 also has the feature, but requests the rest, as 6.12 and 6.17 do. 7.2 and 7.3
  /// cannot be distinguished, so neither gets short results.
  static let mayTakeShortForWhole = Features(rawValue: 1 << 19)
  public static let automaticBuffers = Features(rawValue: UInt64(CURING_UBLK_F_AUTO_BUFFER))
}
