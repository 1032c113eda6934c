import UringBase

/// A line of /proc/PID/maps: `start-end permissions offset device inode path`.
struct MapsLine {
  var range: Range<UInt64>
  /// From the permissions on: one at least. The last of five is the path, behind spaces.
  var fields: [String]

  var permissions: String { fields[0] }

  init?(_ line: ArraySlice<UInt8>) {
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5).map { CString.decode($0) }
    guard words.count > 1 else { return nil }
    let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
    guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
    range = bounds[0]..<bounds[1]
    fields = Array(words.dropFirst())
  }

  /// Those that can be understood.
  static func all(in maps: [UInt8]) -> some Sequence<MapsLine> {
    // By bytes: a path may end in a return, which would be one character with the line feed.
    maps.split(separator: UInt8(ascii: "\n")).lazy.compactMap(MapsLine.init)
  }
}
