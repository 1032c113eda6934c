/// Names of the bits in a word of flags, from a kernel header.
public struct NamedBits: Sendable {
  /// Masks with their names. A mask of several bits matches if all of them are set. Such masks
  /// precede the masks of single bits.
  var masks: [(mask: UInt32, name: String)]

  /// Names of the set bits, lowest bit first; unnamed bits follow as one hexadecimal number.
  public func names(in value: UInt32) -> [String] {
    var names: [String] = []
    var rest = value
    for (mask, name) in masks where mask != 0 && rest & mask == mask {
      names.append(name)
      rest &= ~mask
    }
    if rest != 0 { names.append("0x" + String(rest, radix: 16)) }
    return names
  }

  /// Names with `separator` between them; `0` if no bit is set.
  public func text(_ value: UInt32, separator: String = "|") -> String {
    value == 0 ? "0" : names(in: value).joined(separator: separator)
  }

  /// The value of the named bits: the inverse of ``names(in:)``. Nil if a name is unknown.
  func value(of names: [String]) -> UInt32? {
    var value: UInt32 = 0
    for name in names {
      if let mask = masks.first(where: { $0.name == name })?.mask {
        value |= mask
      } else if name.hasPrefix("0x"), let rest = UInt32(name.dropFirst(2), radix: 16) {
        value |= rest
      } else {
        return nil
      }
    }
    return value
  }

  /// Names consecutive bits from bit 0.
  init(_ names: String...) {
    masks = names.enumerated().map { (1 << UInt32($0.offset), $0.element) }
  }

  init(masks: [(mask: UInt32, name: String)]) {
    self.masks = masks
  }
}

extension NamedBits {
  /// `POLL*` and `EPOLL*` (include/uapi/asm-generic/poll.h, eventpoll.h).
  public static let poll = NamedBits(masks: [
    (0x1, "POLLIN"), (0x2, "POLLPRI"), (0x4, "POLLOUT"), (0x8, "POLLERR"), (0x10, "POLLHUP"),
    (0x20, "POLLNVAL"), (0x40, "POLLRDNORM"), (0x80, "POLLRDBAND"), (0x100, "POLLWRNORM"),
    (0x200, "POLLWRBAND"), (0x400, "POLLMSG"), (0x1000, "POLLREMOVE"), (0x2000, "POLLRDHUP"),
    (1 << 28, "EPOLLEXCLUSIVE"), (1 << 29, "EPOLLWAKEUP"), (1 << 30, "EPOLLONESHOT"),
    (1 << 31, "EPOLLET"),
  ])

  /// `RWF_*` (include/uapi/linux/fs.h).
  static let readWrite = NamedBits(
    "RWF_HIPRI", "RWF_DSYNC", "RWF_SYNC", "RWF_NOWAIT", "RWF_APPEND", "RWF_NOAPPEND",
    "RWF_ATOMIC", "RWF_DONTCACHE", "RWF_NOSIGNAL")

  /// `MSG_*` (include/linux/socket.h).
  static let message = NamedBits(masks: [
    (0x1, "MSG_OOB"), (0x2, "MSG_PEEK"), (0x4, "MSG_DONTROUTE"), (0x8, "MSG_CTRUNC"),
    (0x10, "MSG_PROBE"), (0x20, "MSG_TRUNC"), (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"),
    (0x100, "MSG_WAITALL"), (0x200, "MSG_FIN"), (0x400, "MSG_SYN"), (0x800, "MSG_CONFIRM"),
    (0x1000, "MSG_RST"), (0x2000, "MSG_ERRQUEUE"), (0x4000, "MSG_NOSIGNAL"),
    (0x8000, "MSG_MORE"), (0x10000, "MSG_WAITFORONE"), (0x40000, "MSG_BATCH"),
    (0x400_0000, "MSG_ZEROCOPY"), (0x2000_0000, "MSG_FASTOPEN"),
    (0x4000_0000, "MSG_CMSG_CLOEXEC"),
  ])

  // include/uapi/linux/io_uring.h:

  static let fsync = NamedBits("DATASYNC")
  static let timeout = NamedBits(
    "ABS", "UPDATE", "BOOTTIME", "REALTIME", "LINK_TIMEOUT_UPDATE", "ETIME_SUCCESS", "MULTISHOT",
    "IMMEDIATE_ARG")
  static let pollCommand = NamedBits("ADD_MULTI", "UPDATE_EVENTS", "UPDATE_USER_DATA", "ADD_LEVEL")
  static let cancel = NamedBits("ALL", "FD", "ANY", "FD_FIXED", "USERDATA", "OP")
  static let sendReceive = NamedBits(
    "POLL_FIRST", "RECV_MULTISHOT", "FIXED_BUF", "SEND_ZC_REPORT_USAGE", "BUNDLE",
    "SEND_VECTORIZED")
  static let acceptMode = NamedBits("MULTISHOT", "DONTWAIT", "POLL_FIRST")
  static let messageRing = NamedBits("CQE_SKIP", "FLAGS_PASS")
  static let command = NamedBits("FIXED", "MULTISHOT")
  static let nop = NamedBits(
    "INJECT_RESULT", "FILE", "FIXED_FILE", "FIXED_BUFFER", "TW", "CQE32")
  static let installFile = NamedBits("NO_CLOEXEC")

  /// `O_*` on x86-64, arm64 and other architectures with the asm-generic values
  /// (include/uapi/asm-generic/fcntl.h).
  static let open = NamedBits(masks: [
    (0o20200000, "O_TMPFILE"), (0o4010000, "O_SYNC"), (0x1, "O_WRONLY"), (0x2, "O_RDWR"),
    (0o100, "O_CREAT"), (0o200, "O_EXCL"), (0o400, "O_NOCTTY"), (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"), (0o4000, "O_NONBLOCK"), (0o10000, "O_DSYNC"), (0o40000, "O_DIRECT"),
    (0o100000, "O_LARGEFILE"), (0o200000, "O_DIRECTORY"), (0o400000, "O_NOFOLLOW"),
    (0o1000000, "O_NOATIME"), (0o2000000, "O_CLOEXEC"), (0o10000000, "O_PATH"),
  ])
  static let accept = NamedBits(masks: [
    (0o4000, "SOCK_NONBLOCK"), (0o2000000, "SOCK_CLOEXEC"),
  ])
  static let syncRange = NamedBits("WAIT_BEFORE", "WRITE", "WAIT_AFTER")
  static let splice = NamedBits(masks: [
    (1, "MOVE"), (2, "NONBLOCK"), (4, "MORE"), (8, "GIFT"), (1 << 31, "FD_IN_FIXED"),
  ])
  static let rename = NamedBits("NOREPLACE", "EXCHANGE", "WHITEOUT")
  /// `AT_*` (include/uapi/linux/fcntl.h).
  static let at = NamedBits(masks: [
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_REMOVEDIR"), (0x400, "AT_SYMLINK_FOLLOW"),
    (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"), (0x2000, "AT_STATX_FORCE_SYNC"),
    (0x4000, "AT_STATX_DONT_SYNC"),
  ])
  static let xattr = NamedBits("XATTR_CREATE", "XATTR_REPLACE")
  static let waitOptions = NamedBits(masks: [
    (1, "WNOHANG"), (2, "WSTOPPED"), (4, "WEXITED"), (8, "WCONTINUED"), (0x100_0000, "WNOWAIT"),
  ])
  static let none = NamedBits(masks: [])
}
