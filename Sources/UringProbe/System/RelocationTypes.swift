import CBPF
import Glibc

/// A file with the kernel types that the BPF programs name. libbpf relocates the programs with it.
///
/// Without this file libbpf reads the kernel's types once for each object, and searches all of them
/// (about 120,000) for each name. For a name that the kernel lacks, it also opens the types of
/// every module, which needs CAP_SYS_ADMIN.
final class RelocationTypes: Sendable {
  private let descriptor: Int32

  /// Path by which this process can open the file, which exists only in memory.
  var path: String { "/proc/self/fd/\(descriptor)" }

  init() throws(ProbeError) {
    descriptor = cbpf_memory_file("uringtop-types")
    guard descriptor >= 0 else {
      throw ProbeError(
        .system, "cannot create a file for the kernel's types: \(errorText(descriptor))")
    }
  }

  deinit { close(descriptor) }

  func fill(from types: borrowing TypeCopy) throws(ProbeError) {
    var size: UInt32 = 0
    guard let bytes = btf__raw_data(types.target, &size) else { throw TypeCopy.failure(errno) }
    var written = 0
    while written < Int(size) {
      let count = write(descriptor, bytes + written, Int(size) - written)
      guard count > 0 else { throw TypeCopy.failure(errno) }
      written += count
    }
  }
}
