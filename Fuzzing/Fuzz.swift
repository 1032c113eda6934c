import FuzzDriver
import Glibc

/// Runs one fuzzer over the code that reads input from strangers: `Fuzz TARGET [ARGUMENT OF LIBFUZZER...]`.
///
/// Without libFuzzer it reads a fixed number of inputs: ``ShortRun``. `Fuzz --seeds ROOT FOLDER` writes each target's
/// first inputs, made of the fixtures below ROOT, and `Fuzz --targets` prints the names.
@main
enum Fuzz {
  /// Constant after the start.
  nonisolated(unsafe) static var target: any Target.Type = RecordingTarget.self

  static let targets: [any Target.Type] = [
    RecordingTarget.self, BlocksTarget.self, TraceTarget.self, SnapshotTarget.self,
    ArgumentsTarget.self, ELFTarget.self,
    ProcessTarget.self, KeysTarget.self, ConfigurationTarget.self,
  ]

  /// Names the target of the processes that libFuzzer starts with -fork: they get its arguments alone.
  private static let variable = "URINGTOP_FUZZ_TARGET"

  static func main() {
    var arguments = CommandLine.arguments
    if let name = getenv(variable) { arguments.insert(String(cString: name), at: 1) }
    switch arguments.dropFirst().first {
    case "--targets": for target in targets { print(target.name) }
    case "--seeds" where arguments.count == 4:
      Seeds(root: arguments[2]).write(to: arguments[3])
    case let name? where targets.contains { $0.name == name }:
      target = targets.first { $0.name == name }!
      setenv(variable, name, 1)
      run(arguments[0], Array(arguments.dropFirst(2)))
    default:
      print("usage: Fuzz TARGET [ARGUMENT OF LIBFUZZER...] | --seeds ROOT FOLDER | --targets")
      exit(64)
    }
  }

  private static func run(_ program: String, _ arguments: [String]) {
    target.prepare()
    // libFuzzer leaves signals alone that have a handler, such as those of the terminal.
    for number in [
      SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGINT, SIGTERM, SIGXFSZ,
    ] { signal(number, SIG_DFL) }
    #if LIBFUZZER
      fuzz([program, "-max_len=\(target.longest)"] + arguments)
    #else
      ShortRun(of: target, arguments).run()
    #endif
  }
}

#if LIBFUZZER
  extension Fuzz {
    private static func fuzz(_ arguments: [String]) {
      let copies = arguments.map { strdup($0) } + [nil]
      let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
        capacity: copies.count)
      list.initialize(from: copies, count: copies.count)
      var count = Int32(copies.count - 1)
      var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = list
      exit(
        LLVMFuzzerRunDriver(&count, &pointer) { data, size in
          Fuzz.target.run(UnsafeRawBufferPointer(start: data, count: size))
          return 0
        })
    }
  }

  /// Called by libFuzzer for each mutation.
  @_cdecl("LLVMFuzzerCustomMutator")
  func mutate(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ limit: Int, _ seed: UInt32
  ) -> Int {
    var random = Random(seed: UInt64(seed))
    let input = [UInt8](UnsafeBufferPointer(start: data, count: size))
    let output = Fuzz.target.changed(input, limit: limit, &random)
    output.withUnsafeBufferPointer { bytes in
      if let first = bytes.baseAddress { data.update(from: first, count: bytes.count) }
    }
    return output.count
  }
#endif
