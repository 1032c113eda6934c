import Glibc

/// Whether a call failed for want of memory or descriptors, which is not the fault of what it was called for.
package func isShortage(_ errno: Int32) -> Bool {
  errno == ENOMEM || errno == EMFILE || errno == ENFILE
}
