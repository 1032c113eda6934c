import Glibc
import UringBase
import UringRecords

/// The processes that have the ends of certain pipes open.
struct PipeEnds {
  /// A descriptor of a pipe, and the directions for which it is open.
  struct Holder {
    var tgid: UInt32
    var fd: Int32
    var canRead: Bool
    var canWrite: Bool
  }

  private var holders: [String: [Holder]] = [:]
  /// True if the search ended before all descriptors were examined.
  private(set) var isIncomplete = false
  /// Files that rings have registered, some of which no process has open as a descriptor.
  private let registered: [RecordBuffer.NamedFile]

  /// Maximum number of descriptors examined; each takes about a microsecond.
  private static let mostDescriptors = 1 << 17
  /// Maximum number of holders that are kept for each pipe.
  private static let mostHolders = 16

  /// Searches the descriptors of all processes for these pipes (`pipe:[inode]`).
  ///
  /// - Parameter limit: nanoseconds after which the search ends early.
  init(
    of pipes: Set<String>, registered: [RecordBuffer.NamedFile] = [], limit: UInt64 = .max
  ) {
    self.registered = registered
    guard !pipes.isEmpty else { return }
    let start = MonotonicClock.now()
    var remaining = Self.mostDescriptors
    for process in Procfs.entries("/proc") {
      guard let tgid = UInt32(process) else { continue }
      for name in Procfs.entries("/proc/\(process)/fd") {
        guard remaining > 0, MonotonicClock.now() &- start < limit else {
          isIncomplete = true
          return
        }
        remaining -= 1
        guard let fd = Int32(name), let bytes = Procfs.link("/proc/\(process)/fd/\(fd)"),
          bytes.starts(with: "pipe:".utf8)
        else { continue }
        let link = String(decoding: bytes, as: UTF8.self)
        guard pipes.contains(link), holders[link, default: []].count < Self.mostHolders,
          let text = Procfs.text("/proc/\(process)/fdinfo/\(fd)"),
          let flags = Procfs.field("flags", of: text, radix: 8)
        else { continue }
        let mode = Int32(truncatingIfNeeded: flags) & O_ACCMODE
        holders[link, default: []].append(
          Holder(
            tgid: tgid, fd: fd, canRead: mode != O_WRONLY, canWrite: mode != O_RDONLY))
      }
    }
  }

  /// Returns the pipe's name with the processes at its other end; nil if the search has found none.
  ///
  /// The arrow shows the direction of the data: `pipe:[7] ← cat/4711` for a descriptor that reads,
  /// `pipe:[7] → sort/4712` for one that writes. After an incomplete search, `(perhaps others)`
  /// follows.
  ///
  /// - Parameters:
  ///   - reads: true for the name of a descriptor that reads from the pipe.
  ///   - tgid: the process with the descriptor. It is named only if no other process has the other
  ///     end open.
  func name(_ pipe: String, reads: Bool, tgid: UInt32) -> String? {
    let ends = (holders[pipe] ?? []).filter { reads ? $0.canWrite : $0.canRead }
    let others = ends.filter { $0.tgid != tgid }
    var processes: [UInt32] = []
    for end in others.isEmpty ? ends : others where !processes.contains(end.tgid) {
      processes.append(end.tgid)
    }
    let names = processes.prefix(2).compactMap { process in
      Procfs.comm(of: process).map { "\($0)/\(process)" }
    }
    guard !names.isEmpty else { return nil }
    let more =
      isIncomplete
      ? " (perhaps others)" : processes.count > 2 ? " and \(processes.count - 2) more" : ""
    return "\(pipe) \(reads ? "←" : "→") " + names.joined(separator: ", ") + more
  }

  /// Returns a text with the processes that can write to the pipe (`writers`) or read from it:
  /// "write end: cat/4711 fd 1".
  func describe(_ pipe: String, writers: Bool) -> String {
    let found = (holders[pipe] ?? []).filter { writers ? $0.canWrite : $0.canRead }
    guard !found.isEmpty else {
      let isRegistered = registered.contains {
        $0.name == pipe && (writers ? $0.canWrite : $0.canRead)
      }
      if isRegistered { return "\(writers ? "write" : "read") end: registered with a ring" }
      return writers ? "nobody can write to it" : "nobody can read it"
    }
    let names = found.prefix(3).map { holder in
      let name = Procfs.comm(of: holder.tgid) ?? "?"
      return "\(name)/\(holder.tgid) fd \(holder.fd)"
    }
    let more = found.count > 3 ? " and \(found.count - 3) more" : ""
    return (writers ? "write end: " : "read end: ") + names.joined(separator: ", ") + more
  }
}
