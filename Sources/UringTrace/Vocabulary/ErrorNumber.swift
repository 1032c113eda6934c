/// A positive errno of the kernel (include/uapi/asm-generic/errno-base.h, errno.h).
public struct ErrorNumber: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Takes the errno from a negative result; nil if the result is not an error.
  public init?(result: Int32) {
    guard result < 0, result != .min else { return nil }
    rawValue = -result
  }

  public static let interrupted = ErrorNumber(rawValue: 4)
  public static let badDescriptor = ErrorNumber(rawValue: 9)
  public static let again = ErrorNumber(rawValue: 11)
  public static let noMemory = ErrorNumber(rawValue: 12)
  public static let fault = ErrorNumber(rawValue: 14)
  public static let busy = ErrorNumber(rawValue: 16)
  public static let exists = ErrorNumber(rawValue: 17)
  public static let invalid = ErrorNumber(rawValue: 22)
  public static let badRequest = ErrorNumber(rawValue: 53)
  public static let timer = ErrorNumber(rawValue: 62)
  public static let badDescriptorState = ErrorNumber(rawValue: 77)
  public static let noBuffers = ErrorNumber(rawValue: 105)
  public static let canceled = ErrorNumber(rawValue: 125)
  public static let ownerDead = ErrorNumber(rawValue: 130)

  /// Name such as `ECANCELED`; a number without a name becomes `E4000`.
  public var name: String {
    Self.names[rawValue] ?? "E\(rawValue)"
  }

  /// Returns the text of a result: `-EIO` for a negative errno, the number for any other result.
  public static func text(ofResult result: Int32) -> String {
    ErrorNumber(result: result).map { "-" + $0.name } ?? "\(result)"
  }

  public init?(name: String) {
    guard let found = Self.names.first(where: { $0.value == name.uppercased() }) else {
      return nil
    }
    rawValue = found.key
  }

  private static let names: [Int32: String] = [
    1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO", 7: "E2BIG",
    8: "ENOEXEC", 9: "EBADF", 10: "ECHILD", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES",
    14: "EFAULT", 15: "ENOTBLK", 16: "EBUSY", 17: "EEXIST", 18: "EXDEV", 19: "ENODEV",
    20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 25: "ENOTTY",
    26: "ETXTBSY", 27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS", 31: "EMLINK",
    32: "EPIPE", 33: "EDOM", 34: "ERANGE", 35: "EDEADLK", 36: "ENAMETOOLONG", 37: "ENOLCK",
    38: "ENOSYS", 39: "ENOTEMPTY", 40: "ELOOP", 42: "ENOMSG", 43: "EIDRM", 44: "ECHRNG",
    45: "EL2NSYNC", 46: "EL3HLT", 47: "EL3RST", 48: "ELNRNG", 49: "EUNATCH", 50: "ENOCSI",
    51: "EL2HLT", 52: "EBADE", 53: "EBADR", 54: "EXFULL", 55: "ENOANO", 56: "EBADRQC",
    57: "EBADSLT", 59: "EBFONT", 60: "ENOSTR", 61: "ENODATA", 62: "ETIME", 63: "ENOSR",
    64: "ENONET", 65: "ENOPKG", 66: "EREMOTE", 67: "ENOLINK", 68: "EADV", 69: "ESRMNT",
    70: "ECOMM", 71: "EPROTO", 72: "EMULTIHOP", 73: "EDOTDOT", 74: "EBADMSG", 75: "EOVERFLOW",
    76: "ENOTUNIQ", 77: "EBADFD", 78: "EREMCHG", 79: "ELIBACC", 80: "ELIBBAD", 81: "ELIBSCN",
    82: "ELIBMAX", 83: "ELIBEXEC", 84: "EILSEQ", 85: "ERESTART", 86: "ESTRPIPE", 87: "EUSERS",
    88: "ENOTSOCK", 89: "EDESTADDRREQ", 90: "EMSGSIZE", 91: "EPROTOTYPE", 92: "ENOPROTOOPT",
    93: "EPROTONOSUPPORT", 94: "ESOCKTNOSUPPORT", 95: "EOPNOTSUPP", 96: "EPFNOSUPPORT",
    97: "EAFNOSUPPORT", 98: "EADDRINUSE", 99: "EADDRNOTAVAIL", 100: "ENETDOWN",
    101: "ENETUNREACH", 102: "ENETRESET", 103: "ECONNABORTED", 104: "ECONNRESET",
    105: "ENOBUFS", 106: "EISCONN", 107: "ENOTCONN", 108: "ESHUTDOWN", 109: "ETOOMANYREFS",
    110: "ETIMEDOUT", 111: "ECONNREFUSED", 112: "EHOSTDOWN", 113: "EHOSTUNREACH",
    114: "EALREADY", 115: "EINPROGRESS", 116: "ESTALE", 117: "EUCLEAN", 118: "ENOTNAM",
    119: "ENAVAIL", 120: "EISNAM", 121: "EREMOTEIO", 122: "EDQUOT", 123: "ENOMEDIUM",
    124: "EMEDIUMTYPE", 125: "ECANCELED", 126: "ENOKEY", 127: "EKEYEXPIRED",
    128: "EKEYREVOKED", 129: "EKEYREJECTED", 130: "EOWNERDEAD", 131: "ENOTRECOVERABLE",
    132: "ERFKILL", 133: "EHWPOISON", 512: "ERESTARTSYS", 513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK", 529: "EIOCBQUEUED",
  ]
}
