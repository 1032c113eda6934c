import ArgumentParser
import UringFields
import UringSources

/// Options that select rings and requests, shared by all commands that show or record.
struct FilterOptions: ParsableArguments {
  @Option(
    name: .customLong("pid"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rings that these processes hold, for example 4711,4712. Repeatable.", valueName: "pids")
  )
  var pids: [String] = []

  @Option(
    name: .customLong("comm"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rings of processes with these names (those in /proc/PID/comm), for example fio,postgres. Repeatable. A name that contains a comma needs a --comm of its own.",
      valueName: "names"))
  var comms: [String] = []

  @Option(
    name: .customLong("cgroup"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rings of processes in these cgroups or below them, for example /system.slice/db.service,/user.slice. Repeatable.",
      valueName: "paths"))
  var cgroups: [String] = []

  @Option(
    name: .customLong("fd"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only rings with these descriptors, in the processes of --pid and --comm or in any. Repeatable.",
      valueName: "fds"))
  var fds: [String] = []

  @Option(
    name: .customLong("op"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only these opcodes, for example READ,WRITE_FIXED. Repeatable.", valueName: "opcodes"),
    completion: .opcode,
    transform: OpcodeArgument.parse)
  var opcodes: [OpcodeArgument] = []

  @Option(
    name: .customLong("min-age"),
    help: ArgumentHelp(
      "List only requests in flight for at least this long: \(DurationArgument.syntax).",
      valueName: "duration"),
    transform: DurationArgument.parse)
  var minimumAge: DurationArgument?

  func validate() throws {
    for pid in Self.parts(pids) {
      guard let number = UInt32(pid), number > 0, number <= UInt32(Int32.max) else {
        throw ValidationError("'\(pid)' is not a process id")
      }
    }
    for fd in Self.parts(fds) {
      guard let number = Int32(fd), number >= 0 else {
        throw ValidationError("'\(fd)' is not a file descriptor")
      }
    }
    for cgroup in cgroups where !cgroup.hasPrefix("/") {
      throw ValidationError("--cgroup needs a path that begins with /, as in /proc/PID/cgroup")
    }
    for comm in comms where Self.names(comm).isEmpty {
      throw ValidationError("--comm needs a name")
    }
  }

  /// - Parameter capture: the capture options; nil for a recording.
  func filter(_ capture: CaptureOptions? = nil) -> Filter {
    var filter = Filter()
    filter.pids = Set(Self.parts(pids).compactMap { UInt32($0) })
    filter.comms = Set(comms.flatMap(Self.names))
    filter.cgroups = Set(cgroups.flatMap(Self.paths))
    filter.fds = Set(Self.parts(fds).compactMap { Int32($0) })
    filter.opcodes = Set(opcodes.flatMap(\.opcodes))
    filter.minimumAge = minimumAge?.nanoseconds ?? 0
    if let capture {
      filter.sampling = capture.sample ?? 1
      filter.takesStacks = capture.stacks
      filter.watchesCalls = capture.syscalls.isOn
    }
    return filter
  }

  /// The filter for live snapshots: only the minimum age, because the BPF programs apply all
  /// others.
  var ageFilter: Filter {
    var filter = Filter()
    filter.minimumAge = minimumAge?.nanoseconds ?? 0
    return filter
  }

  /// True if the options exclude rings, not only requests.
  var selectRings: Bool { filter().restrictsRings }

  /// Reports on standard error that the options exclude every ring. Reports nothing if there are
  /// rings, or if the options do not select rings.
  func reportNothingSelected(unless hasRings: Bool) {
    if selectRings, !hasRings { StandardError.write(EmptyRingList.text) }
  }

  /// True if the options leave out no request of the rings in view.
  func seesEveryRequest(_ capture: CaptureOptions? = nil) -> Bool {
    opcodes.isEmpty && minimumAge == nil && capture?.sample ?? 1 == 1
  }

  /// The options as the user would write them; empty without filters.
  func description(_ capture: CaptureOptions? = nil) -> String {
    var words: [String] = []
    for pid in pids { words.append("pid \(pid)") }
    for comm in comms { words.append("comm \(comm)") }
    for cgroup in cgroups { words.append("cgroup \(cgroup)") }
    for fd in fds { words.append("fd \(fd)") }
    let names = opcodes.flatMap(\.opcodes).map(\.name)
    if !names.isEmpty { words.append("op \(names.joined(separator: ","))") }
    if let minimumAge { words.append("age ≥ \(minimumAge.text)") }
    return (words + (capture?.words ?? [])).joined(separator: ", ")
  }

  /// Number of bytes of a process name that the kernel keeps.
  private static let longestName = 15

  /// The names of a comma-separated list, and the whole text if it can be one name with a comma.
  private static func names(_ text: String) -> [String] {
    let parts = text.split(separator: ",").map {
      String(decoding: $0.utf8.prefix(longestName), as: UTF8.self)
    }
    return text.contains(",") && text.utf8.count <= longestName ? parts + [text] : parts
  }

  /// The paths of a comma-separated list, and the whole text, which can be one path with a comma.
  /// Each path begins with `/`.
  private static func paths(_ text: String) -> [String] {
    var paths: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if part.hasPrefix("/") || paths.isEmpty {
        paths.append(String(part))
      } else {
        paths[paths.count - 1] += "," + part
      }
    }
    return (paths + [text]).map(path)
  }

  /// The path without `/` at its end, except for the root.
  private static func path(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }

  private static func parts(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }
}
