import Glibc

/// Small reads from /proc and /sys, without Foundation.
package enum Procfs {
  /// The contents of a file; nil if it cannot be read. Reading stops after about `limit` bytes.
  package static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return contents(of: descriptor, limit: limit)
  }

  /// The remaining contents of an open file; nil if it cannot be read, with the reason in `errno`.
  /// Reading stops at the first chunk that reaches `limit` bytes.
  package static func contents(of descriptor: Int32, limit: Int) -> [UInt8]? {
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

  /// The contents of a file as text. Invalid UTF-8 is repaired.
  package static func text(_ path: String, limit: Int = 1 << 20) -> String? {
    read(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The lines of a text. Splits UTF-8 bytes, not Characters: a name may end in a carriage return,
  /// which would form one Character with the line feed.
  package static func lines(_ text: String) -> [Substring] {
    text.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
  }

  /// The fields of /proc/PID/stat after the process name, which may contain any bytes.
  package static func statFields(_ text: String) -> [Substring] {
    guard let end = text.utf8.lastIndex(of: UInt8(ascii: ")")) else { return [] }
    return text.utf8[end...].dropFirst(2).split(separator: UInt8(ascii: " ")).map { Substring($0) }
  }

  /// The target of a symbolic link; nil if it cannot be read.
  package static func link(_ path: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = bytes.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard count >= 0 else { return nil }
    bytes.removeSubrange(count...)
    return bytes
  }

  /// Names in a folder, without `.` and `..`; empty if it cannot be read.
  package static func entries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { CString.decode($0) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
