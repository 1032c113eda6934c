/// The system call in which a thread is blocked, from `/proc/PID/task/TID/syscall`.
struct SystemCall {
  /// The kind of event for which a blocked system call waits.
  enum Purpose {
    case reads
    case writes
    /// Waits for readiness of files, or for signals. The call may have a time limit; calls with and
    /// without a limit are not distinguished.
    case polls
    case sleeps
    case futex
    case waitsForPID
    case waitsForID
    case entersRing
    /// Waits for an event on a file that the other cases do not cover. The first argument is the
    /// file's descriptor.
    case usesFile
    case other
  }

  let number: Int
  let arguments: [UInt64]
  let name: String
  let purpose: Purpose

  /// Parses the text of the file; nil if the thread is running or is not in a system call.
  init?(_ text: String) {
    let words = text.split { $0 == " " || $0 == "\n" }
    guard let number = words.first.flatMap({ Int($0) }), number >= 0 else { return nil }
    self.number = number
    arguments = words.dropFirst().prefix(6).map { UInt64($0.dropFirst(2), radix: 16) ?? 0 }
    let known = Self.table[number]
    name = known?.0 ?? "system call \(number)"
    purpose = known?.1 ?? .other
  }

  /// Returns an argument as a descriptor or a process ID.
  func integer(_ position: Int) -> Int32 {
    Int32(truncatingIfNeeded: argument(position))
  }

  func argument(_ position: Int) -> UInt64 {
    position < arguments.count ? arguments[position] : 0
  }

  var descriptor: Int32? {
    switch purpose {
    case .reads, .writes, .entersRing, .usesFile: integer(0)
    default: nil
    }
  }

  #if arch(x86_64)
    private static let table: [Int: (String, Purpose)] = [
      0: ("read", .reads), 17: ("pread64", .reads), 19: ("readv", .reads), 295: ("preadv", .reads),
      45: ("recvfrom", .reads), 47: ("recvmsg", .reads), 1: ("write", .writes),
      18: ("pwrite64", .writes), 20: ("writev", .writes), 44: ("sendto", .writes),
      46: ("sendmsg", .writes), 7: ("poll", .polls), 271: ("ppoll", .polls),
      23: ("select", .polls), 270: ("pselect6", .polls), 232: ("epoll_wait", .polls),
      281: ("epoll_pwait", .polls), 299: ("recvmmsg", .polls), 128: ("rt_sigtimedwait", .polls),
      35: ("nanosleep", .sleeps), 230: ("clock_nanosleep", .sleeps), 202: ("futex", .futex),
      61: ("wait4", .waitsForPID), 247: ("waitid", .waitsForID), 43: ("accept", .usesFile),
      288: ("accept4", .usesFile), 42: ("connect", .usesFile), 16: ("ioctl", .usesFile),
      73: ("flock", .usesFile), 72: ("fcntl", .usesFile), 74: ("fsync", .usesFile),
      75: ("fdatasync", .usesFile), 275: ("splice", .usesFile), 40: ("sendfile", .usesFile),
      3: ("close", .usesFile), 34: ("pause", .other), 130: ("rt_sigsuspend", .other),
      257: ("openat", .other), 219: ("restart_syscall", .sleeps), 441: ("epoll_pwait2", .polls),
      449: ("futex_waitv", .other), 426: ("io_uring_enter", .entersRing),
      427: ("io_uring_register", .usesFile),
    ]
  #else
    private static let table: [Int: (String, Purpose)] = [
      63: ("read", .reads), 67: ("pread64", .reads), 65: ("readv", .reads), 69: ("preadv", .reads),
      207: ("recvfrom", .reads), 212: ("recvmsg", .reads), 64: ("write", .writes),
      68: ("pwrite64", .writes), 66: ("writev", .writes), 206: ("sendto", .writes),
      211: ("sendmsg", .writes), 73: ("ppoll", .polls), 72: ("pselect6", .polls),
      22: ("epoll_pwait", .polls), 243: ("recvmmsg", .polls), 137: ("rt_sigtimedwait", .polls),
      101: ("nanosleep", .sleeps), 115: ("clock_nanosleep", .sleeps), 98: ("futex", .futex),
      260: ("wait4", .waitsForPID), 95: ("waitid", .waitsForID), 202: ("accept", .usesFile),
      242: ("accept4", .usesFile), 203: ("connect", .usesFile), 29: ("ioctl", .usesFile),
      32: ("flock", .usesFile), 25: ("fcntl", .usesFile), 82: ("fsync", .usesFile),
      83: ("fdatasync", .usesFile), 76: ("splice", .usesFile), 71: ("sendfile", .usesFile),
      57: ("close", .usesFile), 133: ("rt_sigsuspend", .other), 56: ("openat", .other),
      128: ("restart_syscall", .sleeps), 441: ("epoll_pwait2", .polls),
      449: ("futex_waitv", .other), 426: ("io_uring_enter", .entersRing),
      427: ("io_uring_register", .usesFile),
    ]
  #endif
}
