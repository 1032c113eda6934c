import CBPF

enum Processors {
  /// Number of processors that the kernel may ever use; their numbers start at 0.
  static var possible: Int { max(1, Int(libbpf_num_possible_cpus())) }
}
