import CURing
import Glibc
import UringBase

/// The proof that a ublk device was created by uringtop. It survives the death of the process.
///
/// Each target draws a random number. It writes this number and its own pid to a file in
/// /run/uringtop. It also stores the number in the device's `ublksrv_flags`, which the driver keeps
/// for servers. A device is removed only if the number in its flags is in such a file, and the
/// process in that file has exited.
struct Ownership {
  static let directory = "/run/uringtop"
  /// The upper half of `ublksrv_flags` in devices of uringtop: "urtp".
  private static let magic: UInt64 = 0x7572_7470

  private var path: String
  private var record: Record

  /// Writes the file. Called before the device is created, so that every device has a file.
  init() throws(TargetError) {
    guard let startTime = Self.startTime(of: getpid()) else {
      throw TargetError(.system, "cannot read /proc/self/stat")
    }
    record = Record(
      pid: getpid(), startTime: startTime, number: UInt32.random(in: 1...UInt32.max), device: nil)
    path = "\(Self.directory)/ublk-\(record.pid)-\(record.number)"
    if mkdir(Self.directory, 0o755) != 0, errno != EEXIST {
      throw .last("cannot create \(Self.directory)")
    }
    try write()
  }

  /// The value of `ublksrv_flags` for the device.
  var mark: UInt64 { Self.mark(record.number) }

  /// Adds the number of the device to the file, for people who read the file.
  mutating func note(device: UInt32) throws(TargetError) {
    record.device = device
    try write()
  }

  /// Removes the file. Called after the device was removed.
  func release() {
    unlink(path)
  }

  /// Removes devices whose process has exited, and returns their numbers. Devices that cannot be
  /// removed now remain until the next target starts.
  @discardableResult
  static func recover(_ control: borrowing ControlDevice) throws(TargetError) -> [UInt32] {
    var removed: [UInt32] = []
    for name in Procfs.entries(directory) where name.hasPrefix("ublk-") {
      let path = "\(directory)/\(name)"
      guard let record = Procfs.text(path).flatMap({ Record(text: $0) }) else { continue }
      if startTime(of: record.pid) == record.startTime { continue }
      let present = Procfs.entries("/dev").compactMap { device -> UInt32? in
        device.hasPrefix("ublkc") ? UInt32(device.dropFirst("ublkc".count)) : nil
      }
      var isGone = true
      for device in present {
        guard let description = try control.description(of: device),
          isRemovable(description, record: record)
        else { continue }
        do throws(TargetError) {
          try control.stop(device)
          try control.delete(device)
          removed.append(device)
        } catch {
          isGone = false
        }
      }
      if isGone { unlink(path) }
    }
    return removed
  }

  /// True if the device's flags have the record's random number, and no other running process has
  /// become the device's server.
  static func isRemovable(_ description: curing_ublk_device, record: Record) -> Bool {
    description.server_flags == mark(record.number)
      && (description.server <= 0 || description.server == record.pid
        || startTime(of: description.server) == nil)
  }

  private static func mark(_ number: UInt32) -> UInt64 { magic << 32 | UInt64(number) }

  /// The file's contents: `pid startTime number [device]`.
  struct Record: Hashable {
    var pid: pid_t
    /// Start time of the process in clock ticks since boot. It distinguishes the process from a
    /// later one with the same pid.
    var startTime: UInt64
    var number: UInt32
    var device: UInt32?

    init(pid: pid_t, startTime: UInt64, number: UInt32, device: UInt32?) {
      self.pid = pid
      self.startTime = startTime
      self.number = number
      self.device = device
    }

    init?(text: String) {
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count >= 3, let pid = pid_t(words[0]), let startTime = UInt64(words[1]),
        let number = UInt32(words[2])
      else { return nil }
      self.init(
        pid: pid, startTime: startTime, number: number,
        device: words.count > 3 ? UInt32(words[3]) : nil)
    }

    var text: String {
      "\(pid) \(startTime) \(number)\(device.map { " \($0)" } ?? "")\n"
    }
  }

  /// The start time of a process in clock ticks since boot (proc(5), stat, field 22). Nil if the
  /// process does not exist.
  static func startTime(of pid: pid_t) -> UInt64? {
    let fields = Procfs.text("/proc/\(pid)/stat").map(Procfs.statFields) ?? []
    guard fields.count > 19, fields[0] != "X" else { return nil }
    // A zombie serves no device, so it counts as exited. It does not count as exited while other
    // threads of the process are still exiting, because stopping the device would wait for them.
    if fields[0] == "Z", Procfs.entries("/proc/\(pid)/task").count <= 1 { return nil }
    return UInt64(fields[19])
  }

  private func write() throws(TargetError) {
    let temporary = "\(path).new"
    do {
      let file = try OwnedDescriptor(open: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
      let bytes = Array(record.text.utf8)
      guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else {
        throw TargetError.last("cannot write \(temporary)")
      }
    } catch let error as TargetError {
      throw error
    } catch {
      throw TargetError(.system, "cannot write \(temporary)")
    }
    guard rename(temporary, path) == 0 else { throw .last("cannot write \(path)") }
  }
}
