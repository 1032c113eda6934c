import CBPF
import CRecord
import Glibc
import UringTrace

/// Whether a descriptor refers to the file that a request has, and what that is called.
struct FileQuestion: Sendable {
  var file: FileIdentity
  var tgid: UInt32
  var fd: Int32
  /// When a request that has ended did so; inode numbers may have been reused since. Nil while it holds the file.
  var endTime: UInt64?

  struct Answer {
    /// Of the file, or of what has the descriptor now; empty if nothing has.
    var name: [UInt8]
    /// The descriptor does not refer to the file any more.
    var isClosed = false
  }

  private var link: String { "/proc/\(tgid)/fd/\(fd)" }

  private enum Reference {
    case theFile, another, nothing
    /// Without the permission to look, or the process has ended.
    case unknown
  }

  /// Nil if nothing is certain. The descriptor is looked at before and after its name is read.
  func answer() -> Answer? {
    let reference = reference()
    switch reference {
    case .unknown: return nil
    case .nothing: return Answer(name: [], isClosed: true)
    case .another, .theFile:
      // /proc does not tell one eventfd from another
      guard reference == .another || !file.isAnonymous, let name = Procfs.link(link),
        self.reference() == reference
      else { return nil }
      return Answer(name: name, isClosed: reference == .another)
    }
  }

  private func reference() -> Reference {
    var status = CBPF.cbpf_status()
    guard cbpf_status(link, &status) else {
      return errno == ENOENT && Procfs.exists("/proc/\(tgid)/fd/.") ? .nothing : .unknown
    }
    guard status.inode == file.inode, isOnDevice(status), !isYounger(status) else {
      return .another
    }
    return .theFile
  }

  private func isOnDevice(_ status: CBPF.cbpf_status) -> Bool {
    let major = UInt32(file.device >> 20)
    let minor = UInt32(file.device & 0xfffff)
    if status.major == major, status.minor == minor { return true }
    // btrfs and overlayfs report devices of their own
    guard let text = Procfs.text("/proc/\(tgid)/fdinfo/\(fd)"),
      Procfs.field("ino", of: text) == file.inode,
      let mount = Procfs.field("mnt_id", of: text),
      let mounts = Procfs.text("/proc/\(tgid)/mountinfo")
    else { return false }
    return mounts.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ", maxSplits: 3)
      return fields.count > 2 && UInt64(fields[0]) == mount && fields[2] == "\(major):\(minor)"
    }
  }

  /// Whether the inode was made after the request had ended: then it is another file under the same number.
  private func isYounger(_ status: CBPF.cbpf_status) -> Bool {
    guard let endTime, status.birth_ns != 0 else { return false }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let realtime = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    let age = realtime - status.birth_ns
    // file systems take the time of the last tick
    let tick: Int64 = 10_000_000
    return age - tick < Int64(MonotonicClock.now().since(endTime))
  }
}

extension FileQuestion: Hashable {
  static func == (one: Self, other: Self) -> Bool {
    one.file == other.file && one.tgid == other.tgid && one.fd == other.fd
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(file)
    hasher.combine(tgid)
    hasher.combine(fd)
  }
}

extension FileQuestion {
  /// About a request; nil if it has no file with a descriptor.
  init?(_ request: Request) {
    guard let file = request.fileIdentity, case .descriptor(let fd)? = request.file, fd >= 0,
      request.submitterTgid != 0
    else { return nil }
    self.init(
      file: file, tgid: request.submitterTgid, fd: fd,
      endTime: request.state.isFinal ? request.lastTime : nil)
  }

  /// About a request that was found.
  init?(_ parked: record_parked) {
    guard let file = FileIdentity(parked.file), parked.known & UInt8(RECORD_KNOWS_FD) != 0,
      !SQEFlags(requestFlags: parked.flags).contains(.fixedFile), parked.fd >= 0, parked.tgid != 0
    else { return nil }
    self.init(file: file, tgid: parked.tgid, fd: parked.fd)
  }
}
