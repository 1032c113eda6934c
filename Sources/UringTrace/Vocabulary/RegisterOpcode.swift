/// `IORING_REGISTER_*` and `IORING_UNREGISTER_*` (include/uapi/linux/io_uring.h).
public struct RegisterOpcode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Name without `IORING_`; `REGISTER_99` for a number without a name.
  public var name: String {
    // IORING_REGISTER_USE_REGISTERED_RING is a flag, not part of the number.
    let number = rawValue & ~(1 << 31)
    return number < UInt32(Self.names.count) ? Self.names[Int(number)] : "REGISTER_\(number)"
  }

  /// A kind of resource that requests use once it is registered.
  public enum Resource: Sendable, Hashable {
    case buffers
    case files
  }

  /// The resource (buffers or files) whose table the call fills, changes or empties; nil for calls
  /// that change neither table.
  public var resource: Resource? {
    switch rawValue {
    case 0, 1, 15, 16, 30: .buffers
    case 2, 3, 6, 13, 14: .files
    default: nil
    }
  }

  /// True if the 64-bit word with this index in the call's argument can be an address.
  package func isAddress(word: Int) -> Bool {
    switch rawValue & ~(1 << 31) {
    // io_uring_rsrc_update2: offset, data, tags, nr
    case 16: word == 1 || word == 2
    // io_uring_buf_reg: ring_addr, then entries, group and flags
    case 22, 23: word == 0
    // io_uring_clone_buffers: only numbers
    case 30: false
    default: true
    }
  }

  public static let registerProvidedRing = RegisterOpcode(rawValue: 22)

  private static let names = [
    "REGISTER_BUFFERS", "UNREGISTER_BUFFERS", "REGISTER_FILES", "UNREGISTER_FILES",
    "REGISTER_EVENTFD", "UNREGISTER_EVENTFD", "REGISTER_FILES_UPDATE", "REGISTER_EVENTFD_ASYNC",
    "REGISTER_PROBE", "REGISTER_PERSONALITY", "UNREGISTER_PERSONALITY", "REGISTER_RESTRICTIONS",
    "REGISTER_ENABLE_RINGS", "REGISTER_FILES2", "REGISTER_FILES_UPDATE2", "REGISTER_BUFFERS2",
    "REGISTER_BUFFERS_UPDATE", "REGISTER_IOWQ_AFF", "UNREGISTER_IOWQ_AFF",
    "REGISTER_IOWQ_MAX_WORKERS", "REGISTER_RING_FDS", "UNREGISTER_RING_FDS",
    "REGISTER_PBUF_RING", "UNREGISTER_PBUF_RING", "REGISTER_SYNC_CANCEL",
    "REGISTER_FILE_ALLOC_RANGE", "REGISTER_PBUF_STATUS", "REGISTER_NAPI", "UNREGISTER_NAPI",
    "REGISTER_CLOCK", "REGISTER_CLONE_BUFFERS", "REGISTER_SEND_MSG_RING", "REGISTER_ZCRX_IFQ",
    "REGISTER_RESIZE_RINGS", "REGISTER_MEM_REGION", "REGISTER_QUERY", "REGISTER_ZCRX_CTRL",
    "REGISTER_BPF_FILTER",
  ]
}
