import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// A cgroup of the v2 hierarchy.
struct Cgroup {
  /// The cgroup's id, as `bpf_get_current_ancestor_cgroup_id` returns it.
  var id: UInt64

  /// - Parameter path: path in the v2 hierarchy, as in /proc/PID/cgroup.
  /// - Throws: if the cgroup does not exist, or if the v2 hierarchy is not mounted.
  init(path: String) throws(ProbeError) {
    guard let root = Self.root else {
      throw ProbeError(.badFilter, "the cgroup v2 hierarchy is not mounted")
    }
    var status = stat()
    guard stat(root + path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw ProbeError(.badFilter, "there is no cgroup \(path) in \(root)")
    }
    // The inode number of a cgroup's directory is its id (fs/kernfs).
    id = UInt64(status.st_ino)
  }

  /// Mount point of the v2 hierarchy; nil if it is not mounted.
  private static var root: String? {
    FileSystems().own.last { $0.type == "cgroup2" }?.point
  }

  /// Returns the path of a process's cgroup in the v2 hierarchy; nil if /proc does not show it.
  static func path(of tgid: UInt32) -> String? {
    for line in Procfs.lines(Procfs.text("/proc/\(tgid)/cgroup") ?? "") where line.hasPrefix("0::")
    {
      return oneLine(Array(line.utf8.dropFirst(3)))
    }
    return nil
  }
}

/// Looks up the cgroups of processes in /proc, and writes a record when a process's cgroup is new
/// or has changed.
struct CgroupResolver {
  private var known = BoundedCache<UInt32, (path: String, time: UInt64)>(limit: 16384)

  /// Nanoseconds after which a process is looked up again, because it may have moved to another
  /// cgroup.
  private static let lifetime: UInt64 = 10_000_000_000
  /// Maximum number of look-ups in one call of ``resolve(_:into:)``.
  private static let passLimit = 64

  mutating func resolve(_ processes: [UInt32], into records: inout RecordBuffer) {
    let now = MonotonicClock.now()
    var remaining = Self.passLimit
    for tgid in processes where tgid != 0 && remaining > 0 {
      let old = known[tgid]
      if let old, now &- old.time < Self.lifetime { continue }
      remaining -= 1
      let path = Cgroup.path(of: tgid) ?? old?.path ?? ""
      known[tgid] = (path, now)
      guard !path.isEmpty, path != old?.path else { continue }
      let text = Array(path.utf8.prefix(4095))
      records.append(record_process_cgroup.self, at: now, text: text) {
        $0.tgid = tgid
        $0.length = UInt32(text.count)
      }
    }
  }
}
