import ArgumentParser

/// Options that select what is captured about each request. They apply only to commands that watch:
/// the contents of a recording were selected when it was made.
struct CaptureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Follow only one request in N, with all its events; the others are only counted.",
      valueName: "1/N"),
    transform: Self.sampling)
  var sample: UInt32?

  @Flag(
    help: ArgumentHelp(
      """
      Capture the user stack of each submission that passes the filters, with function names. Costs \
      about half a microsecond each; stacks end early in code without frame pointers.
      """))
  var stacks = false

  @Option(
    help: ArgumentHelp(
      """
      Watch the system calls of io_uring: auto (with --pid or COMMAND), on or off. While watched, every \
      system call on the machine takes about 60 ns longer.
      """, valueName: "when"))
  var syscalls = SystemCallWatch.auto

  enum SystemCallWatch: String, ExpressibleByArgument, CaseIterable {
    case auto, on, off

    var isOn: Bool? { self == .auto ? nil : self == .on }
  }

  private static func sampling(_ text: String) throws -> UInt32 {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "1", let number = UInt32(parts[1]), number > 0 else {
      throw ValidationError("'\(text)' is not of the form 1/N")
    }
    return number
  }

  /// The given options in words, for ``FilterOptions/description(_:)``.
  var words: [String] {
    var words: [String] = []
    if stacks { words.append("stacks") }
    if syscalls != .auto { words.append("syscalls \(syscalls.rawValue)") }
    if let sample { words.append("sample 1/\(sample)") }
    return words
  }

  /// Rejects the options, because they have no effect on a recording.
  func refuse() throws {
    let options = [
      sample == nil ? nil : "--sample", stacks ? "--stacks" : nil,
      syscalls == .auto ? nil : "--syscalls",
    ]
    if let option = options.compactMap({ $0 }).first {
      throw ValidationError("\(option) is for live capture, --from names a recording")
    }
  }
}
