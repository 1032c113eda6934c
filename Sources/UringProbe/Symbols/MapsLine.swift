import UringBase

/// A line of /proc/PID/maps: `start-end permissions offset device inode path`.
struct MapsLine {
  var range: Range<UInt64>
  /// The fields from the permissions on: at least one, at most five. The fifth is the path, which
  /// can begin with spaces.
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

  /// Returns the lines of a maps file; lines that cannot be parsed are omitted.
  static func all(in maps: [UInt8]) -> some Sequence<MapsLine> {
    // Split by bytes: a path may end in a carriage return, which forms one Swift character with the
    // line feed.
    maps.split(separator: UInt8(ascii: "\n")).lazy.compactMap(MapsLine.init)
  }
}
