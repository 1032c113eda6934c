import CRecord

/// Names of files, tasks and request flags.
struct NameTracker {
  /// Names of the kernel's request flags (`REQ_F_*`) by bit number; empty for unknown bits.
  private(set) var requestFlags: [String] = []
  private var tasks = BoundedCache<UInt32, String>(limit: 1 << 16)
  private var cgroups = BoundedCache<UInt32, String>(limit: 1 << 16)
  private var descriptors = BoundedCache<FileNames.DescriptorKey, String>(limit: 1 << 16)
  private var registeredFiles = BoundedCache<FileNames.FixedKey, String>(limit: 1 << 16)

  private var files = BoundedCache<FileIdentity, String>(limit: 1 << 16)
  private var closedFiles = BoundedCache<FileIdentity, FileNames.Closed>(limit: 1 << 16)

  mutating func setTask(_ tid: UInt32, name: String) {
    tasks[tid] = name
  }

  mutating func setCgroup(_ tgid: UInt32, path: String) {
    cgroups[tgid] = path
  }

  func cgroup(of tgid: UInt32) -> String? { cgroups[tgid] }

  mutating func setFlag(bit: Int, name: String) {
    guard bit < 64 else { return }
    while requestFlags.count <= bit { requestFlags.append("") }
    requestFlags[bit] = name
  }

  mutating func setFile(_ descriptor: FileNames.DescriptorKey, name: String) {
    descriptors[descriptor] = name
  }

  mutating func setFile(_ registered: FileNames.FixedKey, name: String) {
    registeredFiles[registered] = name
  }

  mutating func setFile(_ file: FileIdentity, name: String) {
    files[file] = name
    _ = closedFiles.removeValue(forKey: file)
  }

  mutating func setClosed(_ file: FileIdentity, _ closed: FileNames.Closed) {
    closedFiles[file] = closed
  }

  mutating func ringForgotten(_ ring: Ring.ID) {
    registeredFiles.removeAll { $0.ring == ring }
  }

  var taskNames: [UInt32: String] { tasks.entries }

  func taskName(_ tid: UInt32) -> String? { tasks[tid] }

  var processCgroups: [UInt32: String] { cgroups.entries }

  var fileNames: FileNames {
    var names = FileNames()
    names.descriptors = descriptors.entries
    names.fixed = registeredFiles.entries
    names.files = files.entries
    names.closed = closedFiles.entries
    return names
  }
}
