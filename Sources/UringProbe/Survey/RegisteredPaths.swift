import UringBase

/// Paths of rings' registered files, from the section `UserFiles` of the ring's fdinfo.
struct RegisteredPaths {
  private struct Table {
    var paths: [UInt32: [UInt8]] = [:]
    var time: UInt64
  }

  private var tables: [UInt64: Table] = [:]

  /// Minimum nanoseconds between two reads of a ring's fdinfo, because each takes the ring's lock.
  private static let lifetime: UInt64 = 1_000_000_000

  /// Returns the path of the registered file at an index, at most one second old. Returns nil if
  /// the slot is empty or no process has a descriptor of the ring.
  mutating func path(
    _ ring: UInt64, _ index: UInt32, of known: RingScanner.KnownRing?, at time: UInt64
  ) -> [UInt8]? {
    if let table = tables[ring], time &- table.time < Self.lifetime { return table.paths[index] }
    guard let holder = known?.holders.first(where: { $0.fd >= 0 }),
      let text = Procfs.read("/proc/\(holder.tgid)/fdinfo/\(holder.fd)")
    else { return nil }
    if tables.count >= 1024 { tables.removeAll() }
    let table = Table(paths: Self.paths(in: text), time: time)
    tables[ring] = table
    return table.paths[index]
  }

  /// Parses the lines `index: name` after `UserFiles:`.
  private static func paths(in text: [UInt8]) -> [UInt32: [UInt8]] {
    var paths: [UInt32: [UInt8]] = [:]
    var isInFiles = false
    for line in text.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: "UserFiles:".utf8) {
        isInFiles = true
        continue
      }
      guard isInFiles else { continue }
      // Names may contain colons: only the first colon separates index and name.
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
        let index = UInt32(
          String(decoding: line[..<colon].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self))
      else { break }
      paths[index] = unescaped(line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") })
    }
    return paths
  }
}

/// Replaces the escapes with which the kernel (seq_file_path) writes blanks and backslashes in
/// paths, such as `\040`, three octal digits.
func unescaped(_ text: some Collection<UInt8>) -> [UInt8] {
  var bytes: [UInt8] = []
  var rest = Array(text)[...]
  while let byte = rest.popFirst() {
    let digits = rest.prefix(3)
    if byte == UInt8(ascii: "\\"), digits.count == 3,
      let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    {
      bytes.append(value)
      rest = rest.dropFirst(3)
    } else {
      bytes.append(byte)
    }
  }
  return bytes
}
