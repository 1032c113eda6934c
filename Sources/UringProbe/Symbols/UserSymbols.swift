import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Names for the frames of user stacks, from the files that a process has mapped.
struct UserSymbols {
  private struct Mapping {
    var range: Range<UInt64>
    var offset: UInt64
    var inode: UInt64
    /// Device and inode: the same file in every process.
    var key: String
    var path: String
  }

  private var files = BoundedCache<String, ELFSymbols?>(limit: mostFiles)

  /// Files that are kept: a program and its libraries are ten or so.
  private static let mostFiles = 64

  /// The stacks as records. `table` is the kernel's table of stacks.
  mutating func resolve(
    _ stacks: [UserStackKey], table: Int32, into records: inout RecordBuffer
  ) {
    var mappings: [UInt32: [Mapping]] = [:]
    for stack in stacks {
      var key = stack.stack
      var frames = [UInt64](repeating: 0, count: Int(PROBE_USER_STACK_DEPTH))
      guard bpf_map_lookup_elem(table, &key, &frames) == 0 else { continue }
      let maps = mappings[stack.tgid] ?? Self.mappings(of: stack.tgid)
      mappings[stack.tgid] = maps
      let lines = frames.prefix { $0 != 0 }.map { describe($0, in: maps, of: stack.tgid) }
      let text = Array(lines.joined(separator: "\n").utf8.prefix(16_384))
      records.append(record_user_stack.self, at: MonotonicClock.now(), text: text) {
        $0.tgid = stack.tgid
        $0.stack = stack.stack
        $0.length = UInt32(text.count)
      }
    }
  }

  /// "io_uring_submit+0x1c (liburing.so.2)"
  private mutating func describe(
    _ address: UInt64, in mappings: [Mapping], of tgid: UInt32
  ) -> String {
    let number = "0x" + String(address, radix: 16)
    guard let mapping = mappings.first(where: { $0.range.contains(address) }) else { return number }
    let name = mapping.path.split(separator: "/").last.map(String.init) ?? mapping.path
    guard mapping.inode != 0 else { return name.isEmpty ? number : "\(number) (\(name))" }
    let offset = address - mapping.range.lowerBound + mapping.offset
    if let function = symbols(of: mapping, tgid)?.describe(fileOffset: offset) {
      return "\(function) (\(name))"
    }
    return "0x\(String(offset, radix: 16)) (\(name))"
  }

  private mutating func symbols(of mapping: Mapping, _ tgid: UInt32) -> ELFSymbols? {
    if let known = files[mapping.key] { return known }
    let low = String(mapping.range.lowerBound, radix: 16)
    let high = String(mapping.range.upperBound, radix: 16)
    // the very file, also if it was deleted or is of another mount namespace
    let symbols =
      ELFSymbols(path: "/proc/\(tgid)/map_files/\(low)-\(high)")
      ?? ELFSymbols(path: "/proc/\(tgid)/root\(mapping.path)")
    files[mapping.key] = .some(symbols)
    return symbols
  }

  /// Executable mappings: lines of `start-end perms offset device inode path`.
  private static func mappings(of tgid: UInt32) -> [Mapping] {
    var mappings: [Mapping] = []
    let text = Procfs.text("/proc/\(tgid)/maps", limit: 4 << 20) ?? ""
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count >= 5, fields[1].contains("x") else { continue }
      let bounds = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard bounds.count == 2, bounds[0] < bounds[1], let offset = UInt64(fields[2], radix: 16),
        let inode = UInt64(fields[4])
      else { continue }
      let path = fields.count > 5 ? harmless(fields[5].drop { $0 == " " }.utf8) : ""
      mappings.append(
        Mapping(
          range: bounds[0]..<bounds[1], offset: offset, inode: inode,
          key: "\(fields[3]) \(inode)", path: path))
    }
    return mappings
  }
}
