import Glibc

/// Flags of open(2) that Glibc's module leaves out (include/uapi/asm-generic/fcntl.h).
package enum OpenFlags {
  /// O_PATH: a handle for fstat and similar calls. Neither a driver nor the other end of a FIFO
  /// notices the open.
  package static let path: Int32 = 0o10_000_000
  /// O_TMPFILE: a new unnamed regular file in the opened folder.
  package static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY
}
