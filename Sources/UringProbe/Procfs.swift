import Glibc

/// Small reads from /proc and /sys, without Foundation.
enum Procfs {
  /// The whole file, nil if it cannot be read. At most `limit` bytes.
  static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < limit {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  /// The file as text, invalid UTF-8 repaired.
  static func text(_ path: String, limit: Int = 1 << 20) -> String? {
    read(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What a symbolic link contains, nil if it cannot be read.
  static func link(_ path: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = bytes.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard count >= 0 else { return nil }
    bytes.removeSubrange(count...)
    return bytes
  }

  /// Names in a folder, without `.` and `..`; empty if it cannot be read.
  static func entries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// NUMA nodes that the kernel makes room for: "0", "0-3".
  static var possibleNodes: UInt32 {
    let text = text("/sys/devices/system/node/possible")?.trimmingNewline() ?? "0"
    return (text.split { $0 == "-" || $0 == "," }.last.flatMap { UInt32($0) } ?? 0) + 1
  }

  /// `uname -r`. Not every kernel has /proc/sys.
  static var kernelRelease: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.release) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The number of a hexadecimal or decimal field `name:` of a status file.
  static func field(_ name: String, of text: String, radix: Int = 10) -> UInt64? {
    for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
      let value = line.dropFirst(name.utf8.count + 1).split { $0 == "\t" || $0 == " " }.first
      return value.flatMap { UInt64($0, radix: radix) }
    }
    return nil
  }

  /// The parent of a process, nil if there is none such.
  static func parent(of tgid: UInt32) -> UInt32? {
    guard let status = text("/proc/\(tgid)/status") else { return nil }
    return field("PPid", of: status).map(UInt32.init(truncatingIfNeeded:))
  }

  /// CPU time of a thread so far, in milliseconds (modulo 2^32); 0 if there is none such.
  static func cpuMilliseconds(ofThread tid: UInt32) -> UInt32 {
    guard tid != 0, let text = text("/proc/\(tid)/schedstat"),
      let time = text.split(separator: " ").first.flatMap({ UInt64($0) })
    else { return 0 }
    return UInt32(truncatingIfNeeded: time / 1_000_000)
  }

  /// Whether a process is gone or about to be: it exits, or waits for its parent to take note.
  static func isEnding(_ tgid: UInt32) -> Bool {
    guard let stat = text("/proc/\(tgid)/stat"), let end = stat.lastIndex(of: ")") else {
      return true
    }
    // The name may have anything in it. Then: state, five numbers, flags.
    let fields = stat[end...].dropFirst(2).split(separator: " ")
    guard fields.count > 6, let flags = UInt64(fields[6]) else { return false }
    let exiting: UInt64 = 0x4  // PF_EXITING
    return fields[0] == "Z" || fields[0] == "X" || flags & exiting != 0
  }
}

extension String {
  func trimmingNewline() -> String {
    var text = Substring(self)
    while text.last?.isNewline == true { text.removeLast() }
    return String(text)
  }
}

/// Processor time of the calling thread, nanoseconds.
func threadTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds since 1970.
func realtime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The text of an errno.
func errorText(_ code: Int32) -> String {
  String(cString: strerror(code < 0 ? -code : code))
}
