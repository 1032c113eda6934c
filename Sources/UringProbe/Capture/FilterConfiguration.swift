import CProbe
import CRecord
import UringBase
import UringSources

extension probe_config {
  /// Sets the constants by which the BPF programs apply the filter and adapt to the kernel.
  init(_ filter: Filter, includesDescendants: Bool, kernel: KernelBTF) throws(ProbeError) {
    self.init()
    guard filter.pids.count <= Int(PROBE_MAX_TGIDS) else {
      throw ProbeError(.badFilter, "at most \(PROBE_MAX_TGIDS) processes can be filtered for")
    }
    guard filter.comms.count <= Int(PROBE_MAX_COMMS) else {
      throw ProbeError(.badFilter, "at most \(PROBE_MAX_COMMS) process names can be filtered for")
    }
    guard filter.fds.count <= Int(PROBE_MAX_FDS) else {
      throw ProbeError(.badFilter, "at most \(PROBE_MAX_FDS) descriptors can be filtered for")
    }
    guard filter.cgroups.count <= Int(PROBE_MAX_CGROUPS) else {
      throw ProbeError(.badFilter, "at most \(PROBE_MAX_CGROUPS) cgroups can be filtered for")
    }
    req_f_cqe_skip = kernel.requestFlag("CQE_SKIP")
    req_f_reissue = kernel.requestFlag("REISSUE")
    req_f_refcount = kernel.requestFlag("REFCOUNT")
    // Kernels up to 6.12 have APOLL_MULTISHOT; a flag that the kernel lacks is 0 here.
    req_f_multishot = kernel.requestFlag("MULTISHOT") | kernel.requestFlag("APOLL_MULTISHOT")
    req_f_buf_node = kernel.requestFlag("BUF_NODE")
    req_f_sqe_group = kernel.requestFlag("SQE_GROUP")
    req_f_sqe_group_leader = kernel.requestFlag("SQE_GROUP_LEADER")
    req_f_group_kbuf = kernel.requestFlag("GROUP_KBUF")
    filters_rings = filter.restrictsRings ? 1 : 0
    filters_opcodes = filter.opcodes.isEmpty ? 0 : 1
    nr_tgids = UInt32(filter.pids.count)
    nr_comms = UInt32(filter.comms.count)
    nr_fds = UInt32(filter.fds.count)
    nr_cgroups = UInt32(filter.cgroups.count)
    if filter.sampling > 1 {
      samples = 1
      sample_limit = UInt32.max / filter.sampling
    }
    takes_stacks = filter.takesStacks ? 1 : 0
    with_descendants = includesDescendants ? 1 : 0
    pid_namespace = Namespace.pid.isInitial ? 0 : Namespace.pid.inode ?? 0
    has_twins = kernel.hasPreemptibleTracepoints ? 1 : 0
    claims_atomically =
      kernel.hasPreemptibleTracepoints || TransportMemory.sharesLanes ? 1 : 0
    counts_by_references = kernel.ringFields.contains("nr_req_allocated") ? 0 : 1
    can_cast = kernel.functionParameters["bpf_rdonly_cast"] == nil ? 0 : 1

    Self.fill(&tgids, filter.pids)
    Self.fill(&fds, filter.fds)
    let cgroups = try filter.cgroups.map { (path) throws(ProbeError) in try Cgroup(path: path) }
    Self.fill(&self.cgroups, cgroups.map(\.id))
    withUnsafeMutableBytes(of: &opcodes) { bitmap in
      // little-endian 64-bit words: bit n is in byte n / 8
      for opcode in filter.opcodes {
        bitmap[Int(opcode.rawValue) / 8] |= 1 << (opcode.rawValue % 8)
      }
    }
    withUnsafeMutableBytes(of: &comms) { names in
      for (index, comm) in filter.comms.enumerated() {
        let start = index * Int(RECORD_COMM_LEN)
        for (offset, byte) in comm.utf8.prefix(Int(RECORD_COMM_LEN) - 1).enumerated() {
          names[start + offset] = byte
        }
      }
    }
  }

  private static func fill<Array, Element>(
    _ array: inout Array, _ values: some Collection<Element>
  ) {
    withUnsafeMutableBytes(of: &array) { bytes in
      let elements = bytes.bindMemory(to: Element.self)
      for (index, value) in values.enumerated() { elements[index] = value }
    }
  }
}

extension Filter {
  /// True if a ring passes the filter because the process `tgid` has it open as descriptor `fd`.
  func matches(tgid: UInt32, comm: String, fd: Int32) -> Bool {
    (pids.isEmpty || pids.contains(tgid)) && (comms.isEmpty || comms.contains(comm))
      && (fds.isEmpty || fds.contains(fd)) && passes(cgroup: Cgroup.path(of: tgid))
  }

  /// Fails if a process or descriptor in the filter does not exist, or if a descriptor is not a
  /// ring.
  public func verify() throws(ProbeError) {
    for pid in pids.sorted() {
      guard Procfs.exists("/proc/\(pid)") else {
        throw ProbeError(.badFilter, "there is no process \(pid)")
      }
    }
    guard !pids.isEmpty else { return }
    for fd in fds.sorted() {
      let links = pids.sorted().compactMap { Procfs.link("/proc/\($0)/fd/\(fd)") }
      let names = pids.sorted().map { "\($0)" }.joined(separator: ", ")
      guard !links.isEmpty else {
        throw ProbeError(.badFilter, "process \(names) has no descriptor \(fd)")
      }
      guard links.contains(where: { $0 == Array("anon_inode:[io_uring]".utf8) }) else {
        throw ProbeError(.badFilter, "descriptor \(fd) of process \(names) is not an io_uring")
      }
    }
  }
}
