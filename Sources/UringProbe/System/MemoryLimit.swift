import UringBase

/// The memory that this process can still use within the limits of its cgroups.
///
/// BPF maps count towards these limits. If memory use reaches a limit after the maps were created,
/// the kernel kills the process without a message. So the record buffer must fit from the start.
struct MemoryLimit {
  /// Bytes that can still be used; nil without a limit.
  let available: UInt64?

  /// Bytes needed besides the record buffer: programs, other maps, the aggregator's state, and
  /// records that wait for the disk while many arrive.
  private static let reserve: UInt64 = 48 << 20
  private static let smallestBuffer = 1 << 20

  /// Returns the size of the record buffer in bytes: `wanted`, halved until the memory suffices.
  func recordBufferSize(atMost wanted: Int) throws(ProbeError) -> Int {
    guard let available else { return wanted }
    var size = wanted
    while UInt64(size) + Self.reserve > available, size > Self.smallestBuffer { size /= 2 }
    guard UInt64(size) + Self.reserve <= available else {
      throw ProbeError(
        .system,
        "capture needs \((Self.reserve + UInt64(Self.smallestBuffer)) >> 20) MB of memory, and the cgroup allows "
          + "\(available >> 20) MB more")
    }
    return size
  }

  /// Names of a cgroup's files, which differ between cgroup v1 and v2.
  private struct Files {
    var root: String
    var limit: String
    var usage: String
    /// Field of memory.stat with the size of the page cache.
    var cache: String
    /// Field of memory.stat with the part of the page cache that the kernel cannot reclaim.
    var shared: String

    static let second = Files(
      root: "/sys/fs/cgroup", limit: "memory.max", usage: "memory.current", cache: "file",
      shared: "shmem")
    static let first = Files(
      root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes",
      usage: "memory.usage_in_bytes", cache: "total_cache", shared: "total_shmem")
  }

  /// The smallest limit among the process's cgroups and their ancestors. Ignores cgroups that are
  /// not visible below /sys/fs/cgroup.
  static var current: MemoryLimit {
    var least: UInt64?
    for line in Procfs.lines(Procfs.text("/proc/self/cgroup") ?? "") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3,
        fields[1].isEmpty || fields[1].split(separator: ",").contains("memory")
      else { continue }
      let files = fields[1].isEmpty ? Files.second : Files.first
      var path = fields[2]
      while true {
        if let room = room(in: files.root + path + "/", files) { least = min(least ?? room, room) }
        guard let end = path.lastIndex(of: "/"), path != "/" else { break }
        path = path[..<end]
      }
    }
    return MemoryLimit(available: least)
  }

  private static func room(in folder: String, _ files: Files) -> UInt64? {
    // Without a limit, the file contains "max", which is not a number.
    guard let limit = number(folder + files.limit), let usage = number(folder + files.usage) else {
      return nil
    }
    var given: UInt64 = 0
    for line in Procfs.lines(Procfs.text(folder + "memory.stat") ?? "") {
      let fields = line.split(separator: " ")
      guard fields.count == 2, let bytes = UInt64(fields[1]) else { continue }
      if fields[0] == files.cache { given &+= bytes }
      if fields[0] == files.shared { given &-= bytes }
    }
    let used = usage > given ? usage - given : 0
    return limit > used ? limit - used : 0
  }

  private static func number(_ path: String) -> UInt64? {
    Procfs.text(path).flatMap { UInt64($0.trimmingNewline()) }
  }
}
