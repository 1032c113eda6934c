import Glibc

/// Runs a target without libFuzzer: over kept inputs, then over a number of mutations of them, the same at each run.
struct ShortRun {
  private let target: any Target.Type
  private let inputs: [[UInt8]]
  private let changes: Int
  /// Path of a file with the input that is being read. The file remains after a crash.
  private let artifact: String

  /// - Parameter arguments: as libFuzzer takes them: `-runs=N`, `-artifact_prefix=PREFIX`, folders and files of inputs.
  init(of target: any Target.Type, _ arguments: [String]) {
    self.target = target
    var (changes, prefix, paths): (Int, String, [String]) = (0, "crash-", [])
    for argument in arguments {
      if let number = argument.value(of: "-runs") {
        changes = Int(number) ?? 0
      } else if let path = argument.value(of: "-artifact_prefix") {
        prefix = path
      } else if !argument.hasPrefix("-") {
        paths.append(argument)
      }
    }
    self.changes = changes
    artifact = prefix + "last"
    inputs = paths.flatMap(Seeds.contents).filter { $0.count <= target.longest }
  }

  /// Reads all inputs. Ends the process at a crash, and at an input that takes ten seconds or 512 MB.
  func run() {
    for input in inputs { read(input) }
    var random = Random(seed: 1)
    for _ in 0..<(inputs.isEmpty ? 0 : changes) {
      var input = random.element(of: inputs)!
      for _ in 0...random.below(4) { input = target.changed(input, limit: target.longest, &random) }
      read(input)
    }
    unlink(artifact)
    // a target can have its own standard output
    let summary = "stat::number_of_executed_units: \(inputs.count + changes)\n"
    _ = write(STDERR_FILENO, summary, summary.utf8.count)
  }

  private func read(_ input: [UInt8]) {
    let file = open(artifact, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    _ = input.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
    alarm(10)
    input.withUnsafeBytes { target.run($0) }
    alarm(0)
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    guard usage.ru_maxrss <= 512 << 10 else { fatalError("\(usage.ru_maxrss >> 10) MB") }
  }
}

extension String {
  fileprivate func value(of option: String) -> String? {
    hasPrefix(option + "=") ? String(dropFirst(option.count + 1)) : nil
  }
}
