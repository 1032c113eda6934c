import Glibc

/// True if a call failed for lack of memory or descriptors, and not because of its arguments.
package func isShortage(_ errno: Int32) -> Bool {
  errno == ENOMEM || errno == EMFILE || errno == ENFILE
}
