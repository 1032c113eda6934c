import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Function names for the frames of user stacks, from the files that the process has mapped.
struct UserSymbols {
  /// An offset in a file with known contents.
  private struct Place: Hashable {
    var file: MappedFile.Identity
    var offset: UInt64
  }

  /// Identity of a mapping's file within one call of ``resolve(_:table:into:)``.
  private struct FileKey: Hashable {
    var device: DeviceNumber
    var inode: UInt64
  }

  /// A return address on a user stack, and the mapping that contains it.
  private struct Frame {
    var address: UInt64
    var mapping: Mapping?

    var offset: UInt64 {
      mapping.map { address - $0.range.lowerBound &+ $0.offset } ?? 0
    }
  }

  /// Names of functions by ``Place`` (file and offset); nil if no function contains the offset.
  private var functions = BoundedCache<Place, String?>(limit: mostPlaces)

  /// Names of files that are not opened because a program serves their file system. The value is
  /// true once the name was reported to the user.
  private var unread: [String: Bool] = [:]

  /// Maximum number of entries in ``functions``.
  private static let mostPlaces = 1 << 14
  /// Maximum number of files opened for one batch of stacks; a program and its libraries are about
  /// ten.
  private static let mostFiles = 64
  /// Maximum size of a symbol table in bytes, twice the size of a large browser's table.
  private static let mostTableBytes: UInt64 = 128 << 20
  /// Maximum total size in bytes of the symbol tables read for one batch of stacks.
  private static let mostBytes: UInt64 = 256 << 20
  /// Nanoseconds that reading one file may take.
  private static let patience: UInt64 = 5_000_000_000

  /// Appends a record for each stack. `table` is the descriptor of the BPF map with the stacks.
  mutating func resolve(
    _ stacks: [UserStackKey], table: Int32, into records: inout RecordBuffer
  ) {
    var mappings: [UInt32: [Mapping]] = [:]
    var traces: [(stack: UserStackKey, frames: [Frame])] = []
    for stack in stacks {
      var key = stack.stack
      var addresses = [UInt64](repeating: 0, count: Int(PROBE_USER_STACK_DEPTH))
      guard bpf_map_lookup_elem(table, &key, &addresses) == 0 else { continue }
      let maps = mappings[stack.tgid] ?? Mapping.executable(of: stack.tgid)
      mappings[stack.tgid] = maps
      let frames = addresses.prefix { $0 != 0 }.map { address in
        Frame(address: address, mapping: maps.first { $0.range.contains(address) })
      }
      traces.append((stack, frames))
    }
    let names = names(of: traces)
    for (stack, frames) in traces {
      let lines = frames.map { Self.describe($0, names) }
      let text = Array(lines.joined(separator: "\n").utf8.prefix(16_384))
      records.append(record_user_stack.self, at: MonotonicClock.now(), text: text) {
        $0.tgid = stack.tgid
        $0.stack = stack.stack
        $0.length = UInt32(text.count)
      }
    }
  }

  /// Returns a frame as text, for example "io_uring_submit+0x1c (liburing.so.2)".
  private static func describe(
    _ frame: Frame, _ names: [FileKey: [UInt64: String]]
  ) -> String {
    let number = "0x" + String(frame.address, radix: 16)
    guard let mapping = frame.mapping else { return number }
    guard mapping.inode != 0 else {
      return mapping.name.isEmpty ? number : "\(number) (\(mapping.name))"
    }
    let function = names[FileKey(device: mapping.device, inode: mapping.inode)]?[frame.offset]
    return "\(function ?? "0x" + String(frame.offset, radix: 16)) (\(mapping.name))"
  }

  /// Returns the function names of all frames, by file and offset. Each file is opened once.
  private mutating func names(
    of traces: [(stack: UserStackKey, frames: [Frame])]
  ) -> [FileKey: [UInt64: String]] {
    var wanted: [FileKey: (mapping: Mapping, tgid: UInt32, offsets: Set<UInt64>)] = [:]
    for (stack, frames) in traces {
      for frame in frames {
        guard let mapping = frame.mapping, mapping.inode != 0 else { continue }
        let key = FileKey(device: mapping.device, inode: mapping.inode)
        wanted[key, default: (mapping, stack.tgid, [])].offsets.insert(frame.offset)
      }
    }
    guard !wanted.isEmpty else { return [:] }
    var systems = FileSystems()
    var budget = Self.mostBytes
    var names: [FileKey: [UInt64: String]] = [:]
    for (key, (mapping, tgid, offsets)) in wanted.prefix(Self.mostFiles) {
      guard systems.isTrusted(mapping.device, of: tgid) else {
        if systems.isServed(mapping.device, of: tgid) { note(unread: mapping.name) }
        continue
      }
      let usesPath = systems.areTrusted(above: mapping.path, of: tgid)
      let (known, limit) = (functions.entries, min(budget, Self.mostTableBytes))
      let reading = BoundedCall.run(for: tgid, limit: Self.patience) {
        Reading(mapping, of: tgid, usesPath: usesPath, offsets, known: known, budget: limit)
      }
      guard let reading, let reading else { continue }
      budget -= reading.tableBytes
      for (place, name) in reading.found { functions[place] = .some(name) }
      names[key] = reading.names
    }
    return names
  }

  private mutating func note(unread name: String) {
    if unread.count < Self.mostFiles, unread[name] == nil { unread[name] = false }
  }

  /// Returns the names of files that were not opened because a program serves their file system,
  /// each file only once.
  mutating func takeUnread() -> [String] {
    let names = unread.filter { !$0.value }.keys.sorted()
    for name in names { unread[name] = true }
    return names
  }

  /// The names of the functions at certain offsets in one file.
  private struct Reading: Sendable {
    var names: [UInt64: String] = [:]
    /// The names that had to be read from the file, to be added to ``functions``.
    var found: [Place: String?] = [:]
    var tableBytes: UInt64 = 0

    init?(
      _ mapping: Mapping, of tgid: UInt32, usesPath: Bool, _ offsets: Set<UInt64>,
      known: [Place: String?], budget: UInt64
    ) {
      guard let file = MappedFile(mapping, of: tgid, usesPath: usesPath) else { return nil }
      let identity = file.identity
      var unknown: Set<UInt64> = []
      for offset in offsets {
        if let name = known[Place(file: identity, offset: offset)] {
          names[offset] = name
        } else {
          unknown.insert(offset)
        }
      }
      guard !unknown.isEmpty else { return }
      let answer = file.reading { descriptor -> (names: [UInt64: String]?, tableBytes: UInt64) in
        guard let symbols = ELFSymbols(descriptor: descriptor) else { return ([:], 0) }
        return (symbols.describe(unknown, budget: budget), symbols.tableBytes)
      }
      // Nothing is stored if the file could not be read or its table exceeds the budget, so that
      // the next batch tries again.
      guard let answer, let more = answer.names else { return }
      tableBytes = answer.tableBytes
      for offset in unknown {
        found[Place(file: identity, offset: offset)] = .some(more[offset])
        names[offset] = more[offset]
      }
    }
  }
}
