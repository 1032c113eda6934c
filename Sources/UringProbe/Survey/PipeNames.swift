import Glibc
import UringBase
import UringTrace

/// Names of pipes that include the processes at the other end: `pipe:[7] ← cat/4711`.
///
/// One search through /proc serves all pipes that need a name. Searches are limited in time and in
/// number.
struct PipeNames {
  private var known = BoundedCache<String, (name: String?, time: UInt64)>(limit: 1024)
  private var ends = PipeEnds(of: [])
  private var searched: Set<String> = []
  private var lastSearch: UInt64 = 0
  private var searchTime: UInt64 = 0

  /// Maximum nanoseconds of one search.
  private static let longestSearch: UInt64 = 20_000_000
  /// Nanoseconds for which a result is kept. After that, another process may have the other end.
  private static let lifetime: UInt64 = 10_000_000_000
  /// Maximum number of pipes in one search.
  private static let mostPipes = 256

  /// Searches for the other ends of the given pipes (`pipe:[inode]`). Skips pipes whose names are
  /// less than ten seconds old.
  mutating func search(_ pipes: Set<String>, at time: UInt64) {
    let wanted = pipes.filter { pipe in
      known[pipe].map { time &- $0.time >= Self.lifetime } ?? true
    }
    // Searches must take at most 1 % of the time, so there is no search if the last one was too
    // recent.
    guard !wanted.isEmpty, lastSearch == 0 || time &- lastSearch >= 100 * searchTime else {
      searched = []
      return
    }
    searched = Set(wanted.prefix(Self.mostPipes))
    ends = PipeEnds(of: searched, limit: Self.longestSearch)
    lastSearch = time
    searchTime = MonotonicClock.now() &- time
  }

  /// Returns the name of a pipe as seen from a process's descriptor; the pipe's own name if the
  /// other end is unknown.
  mutating func name(_ pipe: String, _ descriptor: Int32, of tgid: UInt32, at time: UInt64)
    -> String
  {
    let key = "\(pipe) \(tgid) \(descriptor)"
    guard searched.contains(pipe), descriptor >= 0,
      let text = Procfs.text("/proc/\(tgid)/fdinfo/\(descriptor)"),
      let flags = Procfs.field("flags", of: text, radix: 8)
    else { return known[key]?.name ?? pipe }
    let mode = Int32(truncatingIfNeeded: flags) & O_ACCMODE
    let name = mode == O_RDWR ? nil : ends.name(pipe, reads: mode == O_RDONLY, tgid: tgid)
    known[pipe] = (nil, time)
    known[key] = (name, time)
    return name ?? pipe
  }
}
