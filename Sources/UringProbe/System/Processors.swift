import CBPF

/// The machine's processors.
enum Processors {
  /// Those that the kernel may ever use; it numbers them from 0.
  static var possible: Int { max(1, Int(libbpf_num_possible_cpus())) }
}
