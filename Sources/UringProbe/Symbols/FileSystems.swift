import Glibc
import Synchronization
import UringBase

/// The mounted file systems by device. A file system is trusted if no user's program can serve it.
///
/// Each FUSE file system is served by a program, so it is not trusted. An overlay in uringtop's own
/// mount namespace is trusted, because the administrator has mounted it. An overlay in another
/// mount namespace is not trusted: a user may have mounted it, in a user namespace, on top of FUSE.
struct FileSystems {
  struct Mount: Equatable {
    /// Mount ID, equal to `mnt_id` in `/proc/PID/fdinfo`.
    var number: UInt64
    var device: DeviceNumber
    var point: String
    var type: String
  }

  let own: [Mount]
  private var others: [UInt32: [Mount]] = [:]

  private static let shared = Mutex(OwnMounts())

  init() { own = Self.shared.withLock { $0.current() } }

  /// Sets the mounts instead of reading them, for tests.
  init(own: [Mount], others: [UInt32: [Mount]]) {
    self.own = own
    self.others = others
  }

  fileprivate static let mostBytes = 4 << 20

  mutating func isTrusted(_ device: DeviceNumber, of tgid: UInt32) -> Bool {
    if let mount = own.first(where: { $0.device == device }) { return !mount.isFUSE }
    guard let mount = mounts(of: tgid).first(where: { $0.device == device }) else { return false }
    return !mount.isFUSE && mount.type != "overlay"
  }

  /// True if all file systems mounted above a path, as the process sees it, are trusted.
  mutating func areTrusted(above path: String, of tgid: UInt32) -> Bool {
    let onTheWay = mounts(of: tgid).filter { mount in
      let point = mount.point == "/" ? "" : mount.point
      return path.utf8.starts(with: point.utf8)
        && path.utf8.dropFirst(point.utf8.count).first == UInt8(ascii: "/")
    }
    return !onTheWay.isEmpty && onTheWay.allSatisfy { isTrusted($0.device, of: tgid) }
  }

  /// True if the device is known to be a FUSE file system, which a program serves.
  mutating func isServed(_ device: DeviceNumber, of tgid: UInt32) -> Bool {
    (own + mounts(of: tgid)).contains { $0.device == device && $0.isFUSE }
  }

  /// True if the mount namespace of the process, or that of uringtop, contains a FUSE file system.
  mutating func includeServed(in tgid: UInt32) -> Bool {
    (own + mounts(of: tgid)).contains(where: \.isFUSE)
  }

  private mutating func mounts(of tgid: UInt32) -> [Mount] {
    if let known = others[tgid] { return known }
    let mounts = Self.mounts(
      in: Procfs.read("/proc/\(tgid)/mountinfo", limit: Self.mostBytes) ?? [])
    others[tgid] = mounts
    return mounts
  }

  /// Parses a mountinfo file: lines of
  /// `id parent device root point options [optional…] - type source options`.
  static func mounts(in mountinfo: [UInt8]) -> [Mount] {
    mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
        dash + 1 < fields.count, let number = UInt64(CString.decode(fields[0])),
        let device = DeviceNumber(CString.decode(fields[2]), radix: 10)
      else { return nil }
      return Mount(
        number: number, device: device, point: CString.decode(unescaped(fields[4])),
        type: CString.decode(fields[dash + 1]))
    }
  }
}

extension FileSystems.Mount {
  var isFUSE: Bool { type == "fuse" || type == "fuseblk" || type.hasPrefix("fuse.") }
}

/// The mounts in uringtop's mount namespace. They are read again when the kernel reports a change.
private struct OwnMounts {
  private var mounts: [FileSystems.Mount] = []
  /// Descriptor of `/proc/self/mountinfo`, -1 while not open. poll reports it as ready after a file
  /// system was mounted or unmounted.
  private var descriptor: Int32 = -1

  mutating func current() -> [FileSystems.Mount] {
    let path = "/proc/self/mountinfo"
    if descriptor < 0 {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
    } else {
      var change = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
      if poll(&change, 1, 0) == 0 { return mounts }
    }
    guard let text = Procfs.read(path, limit: FileSystems.mostBytes) else {
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
      return []
    }
    mounts = FileSystems.mounts(in: text)
    return mounts
  }
}
