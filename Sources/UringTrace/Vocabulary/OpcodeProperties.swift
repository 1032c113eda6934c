/// An opcode's use of the fields of its SQE (io_uring/opdef.c and the `*_prep` functions that it
/// names).
///
/// One row of ``table``, with a property for each column.
public struct OpcodeProperties: Sendable {
  /// Name and format of an SQE field for an opcode. Fields without a meaning for the opcode are
  /// nil.
  public struct Field: Sendable {
    public enum Format: Sendable {
      case decimal, signed, hexadecimal, octal
      case bits(NamedBits)
    }

    public var name: String
    public var format: Format
  }

  public enum Direction: UInt8, Sendable {
    case none
    /// The result is a number of bytes read or received.
    case read
    /// The result is a number of bytes written or sent.
    case write
  }

  /// The unit of the SQE field `len`.
  public enum Length: Sendable {
    case none, bytes, vectors, other
  }

  /// An SQE bit that enables a feature.
  package enum SQEBit: Sendable {
    case never, always
    case ioprio(UInt16)
    case length(UInt32)
    case flags(UInt32)
  }

  public var name: String
  /// True if `fd` is a file that the request works on.
  public var hasFile = false
  public var off: Field?
  public var addr: Field?
  public var len: Field?
  /// Meaning of the 32-bit word after `len`, which holds the opcode's flags.
  public var flags: Field?
  public var ioprio: Field?
  public var fileIndex: Field?
  public var addr3: Field?
  /// True if the request requires a registered buffer, named by `buf_index`.
  public var usesFixedBuffer = false
  /// Bit of `ioprio` or the flags that makes `buf_index` name a registered buffer.
  var fixedBufferFlag: SQEBit = .never
  public var direction = Direction.none
  public var length = Length.none
  /// True if the request can wait without an event that shows it: in a driver, on a timer or futex,
  /// or for readiness.
  public var parksSilently = false
  /// Negative results that are not errors, such as -ETIME of a timeout.
  var normalErrors: [Int32] = []
  /// True if the request posts its result with F_MORE and a notification later.
  public var isZeroCopySend = false
  /// SQE bit that makes the request post several CQEs.
  package var multishot = SQEBit.never

  public var isVectored: Bool { length == .vectors }

  static let unknown = OpcodeProperties(name: "")
}

extension OpcodeProperties.Field {
  fileprivate static func number(_ name: String) -> Self { Self(name: name, format: .decimal) }
  fileprivate static func signed(_ name: String) -> Self { Self(name: name, format: .signed) }
  fileprivate static func pointer(_ name: String) -> Self { Self(name: name, format: .hexadecimal) }
  fileprivate static func octal(_ name: String) -> Self { Self(name: name, format: .octal) }
  fileprivate static func bits(_ name: String, _ bits: NamedBits) -> Self {
    Self(name: name, format: .bits(bits))
  }
}

extension OpcodeProperties {
  private static func readWrite(
    _ name: String, _ direction: Direction, _ length: Length, fixed: Bool = false
  ) -> Self {
    Self(
      name: name, hasFile: true, off: .signed("offset"),
      addr: .pointer(length == .vectors ? "iovecs" : "addr"),
      len: .number(length == .vectors ? "nr_vecs" : "len"),
      flags: .bits("rw_flags", .readWrite), ioprio: .number("ioprio"), usesFixedBuffer: fixed,
      direction: direction, length: length, parksSilently: true)
  }

  private static func message(
    _ name: String, _ direction: Direction, _ length: Length, zeroCopy: Bool = false,
    multishot: SQEBit
  ) -> Self {
    Self(
      name: name, hasFile: true,
      off: name == "SEND" || name == "SEND_ZC" ? .pointer("dest_addr") : nil,
      addr: .pointer(length == .bytes ? "addr" : "msghdr"),
      len: length == .bytes ? .number("len") : nil, flags: .bits("msg_flags", .message),
      ioprio: .bits("ioprio", .sendReceive),
      fileIndex: name == "SEND" || name == "SEND_ZC" ? .number("addr_len") : nil,
      addr3: zeroCopy ? .pointer("notif_user_data") : nil,
      fixedBufferFlag: .ioprio(1 << 2), direction: direction, length: length,
      isZeroCopySend: zeroCopy, multishot: multishot)
  }

  private static func path(
    _ name: String, addr: String = "path", off: Field? = nil, len: Field? = nil,
    flags: Field? = nil, fileIndex: Field? = nil
  ) -> Self {
    // `fd` is the directory to start from, or AT_FDCWD. It is not a file on which the request
    // works.
    Self(
      name: name, off: off, addr: .pointer(addr), len: len, flags: flags, fileIndex: fileIndex,
      length: len == nil ? .none : .other)
  }

  private static func command(_ name: String) -> Self {
    Self(
      name: name, hasFile: true, off: .pointer("cmd_op"), addr: .pointer("addr"),
      len: .number("len"), flags: .bits("uring_cmd_flags", .command), ioprio: nil,
      fileIndex: .number("optlen"), addr3: .pointer("cmd[0]"), fixedBufferFlag: .flags(1),
      length: .other, parksSilently: true, multishot: .flags(1 << 1))
  }

  private static let timespec = Field.pointer("timespec")

  /// Rows by opcode number, in the order of `enum io_uring_op`.
  static let table: [OpcodeProperties] = [
    Self(
      name: "NOP", len: .signed("result"), flags: .bits("nop_flags", .nop),
      fixedBufferFlag: .flags(1 << 3), length: .other),
    readWrite("READV", .read, .vectors),
    readWrite("WRITEV", .write, .vectors),
    Self(
      name: "FSYNC", hasFile: true, off: .number("offset"), len: .number("len"),
      flags: .bits("fsync_flags", .fsync), length: .other),
    readWrite("READ_FIXED", .read, .bytes, fixed: true),
    readWrite("WRITE_FIXED", .write, .bytes, fixed: true),
    Self(
      name: "POLL_ADD", hasFile: true, len: .bits("poll_flags", .pollCommand),
      flags: .bits("poll32_events", .poll), length: .other, parksSilently: true,
      multishot: .length(1)),
    Self(
      name: "POLL_REMOVE", off: .pointer("new_user_data"), addr: .pointer("old_user_data"),
      len: .bits("poll_flags", .pollCommand), flags: .bits("poll32_events", .poll),
      length: .other),
    Self(
      name: "SYNC_FILE_RANGE", hasFile: true, off: .number("offset"), len: .number("len"),
      flags: .bits("sync_range_flags", .syncRange), length: .other),
    message("SENDMSG", .write, .other, multishot: .ioprio(1 << 4)),
    message("RECVMSG", .read, .other, multishot: .ioprio(1 << 1)),
    Self(
      name: "TIMEOUT", off: .number("count"), addr: timespec, len: .number("nr_timespecs"),
      flags: .bits("timeout_flags", .timeout), length: .other, parksSilently: true,
      normalErrors: [-62], multishot: .flags(1 << 6)),
    Self(
      name: "TIMEOUT_REMOVE", off: timespec, addr: .pointer("target_user_data"),
      flags: .bits("timeout_flags", .timeout)),
    Self(
      name: "ACCEPT", hasFile: true, off: .pointer("addr_len"), addr: .pointer("sockaddr"),
      flags: .bits("accept_flags", .accept), ioprio: .bits("ioprio", .acceptMode),
      fileIndex: .number("file_index"), multishot: .ioprio(1)),
    Self(
      name: "ASYNC_CANCEL", addr: .pointer("target_user_data"), len: .number("target_opcode"),
      flags: .bits("cancel_flags", .cancel), length: .other),
    Self(
      name: "LINK_TIMEOUT", off: .number("count"), addr: timespec, len: .number("nr_timespecs"),
      flags: .bits("timeout_flags", .timeout), length: .other, parksSilently: true,
      // -ETIME if it expired, -ECANCELED if the request before it ended in time.
      normalErrors: [-62, -125]),
    Self(name: "CONNECT", hasFile: true, off: .number("addr_len"), addr: .pointer("sockaddr")),
    Self(
      name: "FALLOCATE", hasFile: true, off: .number("offset"), addr: .number("len"),
      len: .octal("mode"), length: .other),
    path(
      "OPENAT", len: .octal("mode"), flags: .bits("open_flags", .open),
      fileIndex: .number("file_index")),
    Self(name: "CLOSE", fileIndex: .number("file_index")),
    Self(
      name: "FILES_UPDATE", off: .number("offset"), addr: .pointer("fds"), len: .number("nr_fds"),
      length: .other),
    path(
      "STATX", off: .pointer("statxbuf"), len: .pointer("mask"),
      flags: .bits("statx_flags", .at)),
    readWrite("READ", .read, .bytes),
    readWrite("WRITE", .write, .bytes),
    Self(
      name: "FADVISE", hasFile: true, off: .number("offset"), addr: .number("len64"),
      len: .number("len"), flags: .number("advice"), length: .other),
    Self(
      name: "MADVISE", off: .number("len64"), addr: .pointer("addr"), len: .number("len"),
      flags: .number("advice"), length: .other),
    message("SEND", .write, .bytes, multishot: .ioprio(1 << 4)),
    message("RECV", .read, .bytes, multishot: .ioprio(1 << 1)),
    path(
      "OPENAT2", off: .pointer("open_how"), len: .number("size"),
      fileIndex: .number("file_index")),
    Self(
      name: "EPOLL_CTL", off: .signed("target_fd"), addr: .pointer("event"), len: .number("op"),
      length: .other),
    Self(
      name: "SPLICE", hasFile: true, off: .signed("off_out"), addr: .signed("off_in"),
      len: .number("len"), flags: .bits("splice_flags", .splice),
      fileIndex: .signed("splice_fd_in"), length: .bytes),
    Self(
      name: "PROVIDE_BUFFERS", off: .number("first_bid"), addr: .pointer("addr"),
      len: .number("len_each"), length: .other),
    Self(name: "REMOVE_BUFFERS"),
    Self(
      name: "TEE", hasFile: true, len: .number("len"), flags: .bits("splice_flags", .splice),
      fileIndex: .signed("splice_fd_in"), length: .bytes),
    Self(name: "SHUTDOWN", hasFile: true, len: .number("how"), length: .other),
    path(
      "RENAMEAT", addr: "old_path", off: .pointer("new_path"), len: .signed("new_dfd"),
      flags: .bits("rename_flags", .rename)),
    path("UNLINKAT", flags: .bits("unlink_flags", .at)),
    path("MKDIRAT", len: .octal("mode")),
    path("SYMLINKAT", addr: "target", off: .pointer("link_path")),
    path(
      "LINKAT", addr: "old_path", off: .pointer("new_path"), len: .signed("new_dfd"),
      flags: .bits("hardlink_flags", .at)),
    Self(
      name: "MSG_RING", hasFile: true, off: .pointer("data"), addr: .number("cmd"),
      // the result of the message's CQE
      len: .signed("len"), flags: .bits("msg_ring_flags", .messageRing),
      fileIndex: .number("file_index"), addr3: .number("src_fd"), length: .other),
    Self(
      name: "FSETXATTR", hasFile: true, off: .pointer("value"), addr: .pointer("name"),
      len: .number("len"), flags: .bits("xattr_flags", .xattr), length: .other),
    Self(
      name: "SETXATTR", off: .pointer("value"), addr: .pointer("name"), len: .number("len"),
      flags: .bits("xattr_flags", .xattr), addr3: .pointer("path"), length: .other),
    Self(
      name: "FGETXATTR", hasFile: true, off: .pointer("value"), addr: .pointer("name"),
      len: .number("len"), length: .other),
    Self(
      name: "GETXATTR", off: .pointer("value"), addr: .pointer("name"), len: .number("len"),
      addr3: .pointer("path"), length: .other),
    Self(
      name: "SOCKET", off: .number("type"), len: .number("protocol"),
      fileIndex: .number("file_index"), length: .other),
    command("URING_CMD"),
    message("SEND_ZC", .write, .bytes, zeroCopy: true, multishot: .never),
    message("SENDMSG_ZC", .write, .other, zeroCopy: true, multishot: .never),
    Self(
      name: "READ_MULTISHOT", hasFile: true, off: .signed("offset"), len: .number("len"),
      direction: .read, length: .bytes, multishot: .always),
    Self(
      name: "WAITID", off: .pointer("siginfo"), len: .number("which"),
      flags: .number("waitid_flags"), fileIndex: .bits("options", .waitOptions), length: .other,
      parksSilently: true),
    Self(
      name: "FUTEX_WAIT", off: .number("value"), addr: .pointer("futex"),
      flags: .number("futex_flags"), addr3: .pointer("mask"), parksSilently: true),
    Self(
      name: "FUTEX_WAKE", off: .number("value"), addr: .pointer("futex"),
      flags: .number("futex_flags"), addr3: .pointer("mask")),
    Self(
      name: "FUTEX_WAITV", addr: .pointer("waiters"), len: .number("nr_futexes"),
      length: .other, parksSilently: true),
    Self(
      name: "FIXED_FD_INSTALL", hasFile: true, flags: .bits("install_fd_flags", .installFile)),
    Self(name: "FTRUNCATE", hasFile: true, off: .number("length")),
    Self(name: "BIND", hasFile: true, off: .number("addr_len"), addr: .pointer("sockaddr")),
    Self(name: "LISTEN", hasFile: true, len: .number("backlog"), length: .other),
    Self(
      name: "RECV_ZC", hasFile: true, len: .number("len"), flags: .bits("msg_flags", .message),
      ioprio: .bits("ioprio", .sendReceive), fileIndex: .number("zcrx_ifq_idx"),
      direction: .read, length: .bytes, multishot: .always),
    Self(
      name: "EPOLL_WAIT", hasFile: true, addr: .pointer("events"), len: .number("maxevents"),
      length: .other),
    readWrite("READV_FIXED", .read, .vectors, fixed: true),
    readWrite("WRITEV_FIXED", .write, .vectors, fixed: true),
    Self(
      name: "PIPE", addr: .pointer("fds"), flags: .bits("pipe_flags", .open),
      fileIndex: .number("file_index")),
    Self(name: "NOP128", len: .signed("result"), flags: .bits("nop_flags", .nop), length: .other),
    command("URING_CMD128"),
  ]
}
