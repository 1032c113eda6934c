import CRecord

@testable import UringRecords

/// Functions that add records with names of tasks, cgroups, files and request flags.
extension SampleStream {
  mutating func taskName() {
    var name = record_task_name()
    name.base = base(.taskName)
    name.tgid = 4242
    name.comm.0 = 0x66
    buffer.append(name, base: \.base)
  }

  mutating func cgroup(_ path: String) {
    var cgroup = record_process_cgroup()
    cgroup.base = base(.processCgroup)
    cgroup.tgid = 4242
    cgroup.length = UInt32(path.utf8.count)
    buffer.append(cgroup, base: \.base, trailer: Array(path.utf8))
  }

  mutating func fileName(_ text: String) {
    var name = record_file_name()
    name.base = base(.fileName)
    name.tgid = 4242
    name.fd = 9
    buffer.append(name, text: text.utf8)
  }

  mutating func flagName(bit: UInt32, _ text: String) {
    var name = record_flag_name()
    name.base = base(.flagName)
    name.bit = bit
    withUnsafeMutableBytes(of: &name.name) { $0.copyBytes(from: text.utf8) }
    buffer.append(name, base: \.base)
  }
}
